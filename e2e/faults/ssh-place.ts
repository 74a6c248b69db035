import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { canDropPackets, type ScriptFunction } from '@skein/testkit'
import { sshHost } from '../ssh-host.ts'
import { World } from '../world.ts'
import { commonFaults, droppedPackets, killAll, type Place, processesWhere } from './place.ts'

/** `config` is the ssh_config with its alias, `port` the host's. */
export async function sshPlace(script: ScriptFunction): Promise<Place & { config: string; port: number }> {
  const host = await sshHost()
  const { sshd } = host
  const world = await World.create(script, { env: { SKEIN_SSH_CONFIG: sshd.config } })
  // The shared connection says with its title, and each run with its arguments, where its socket is.
  const socket = join(world.home, 'ssh')
  const clients = () => processesWhere((command) => /^ssh\b/.test(command) && command.includes(socket))
  return {
    world,
    on: 'ssh:box',
    config: sshd.config,
    port: sshd.port,
    environment: world.environment,
    faults: [
      { name: 'ssh killed', strike: async () => killAll(clients().map(({ pid }) => pid)) },
      { name: 'sshd’s processes killed', strike: async () => (await sshd.killConnections()) > 0 },
      ...(canDropPackets() ? [droppedPackets(sshd.port)] : []),
      ...commonFaults(world, sshd.processes),
    ],
    journals: join(sshd.home, '.local/state/skein/*/s/*'),
    processes: sshd.processes,
    remains: async (path) => (existsSync(path) ? [path] : []),
    async [Symbol.asyncDispose]() {
      // A connection outlives a killed server by ten minutes.
      const server = await world.serverPid()
      if (server !== undefined) killAll([server])
      killAll(clients().map(({ pid }) => pid))
      await world[Symbol.asyncDispose]()
      await host[Symbol.asyncDispose]()
    },
  }
}
