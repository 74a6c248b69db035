import { basename, join } from 'node:path'
import type { ScriptFunction } from '@skein/testkit'
import { containerWorld } from '../../plugins/docker/src/testing/container-world.ts'
import { World } from '../world.ts'
import { commonFaults, killAll, type Place, processesWhere, procFile } from './place.ts'

export async function containerPlace(script: ScriptFunction): Promise<Place> {
  const containers = await containerWorld()
  const { dockerd, folder } = containers
  const world = await World.create(script, { env: dockerd.env })
  // Every container of this dockerd is in its control group.
  const processes = async () =>
    processesWhere((_, pid) => procFile(pid, 'cgroup').includes(`skein-${basename(folder)}`))
  const named = async () => (await dockerd.docker('ps', '--quiet')).split('\n').filter((id) => id !== '')
  const execs = () =>
    processesWhere(
      (command, pid) => / exec --interactive .*attach/.test(command) && procFile(pid, 'environ').includes(folder),
    )
  const { env, secrets } = world.environment
  const url = (env.ANTHROPIC_BASE_URL ?? '').replace('127.0.0.1', dockerd.hostLoopback)
  return {
    world,
    on: 'docker',
    environment: { env: { ...env, ANTHROPIC_BASE_URL: url }, secrets },
    faults: [
      { name: 'docker exec killed', strike: async () => killAll(execs().map(({ pid }) => pid)) },
      {
        name: 'the container restarted',
        endsAgent: true,
        async strike() {
          const ids = await named()
          for (const id of ids) await dockerd.docker('restart', '--time', '0', id)
          return ids.length > 0
        },
      },
      {
        name: 'the container killed',
        endsAgent: true,
        async strike() {
          const ids = await named()
          for (const id of ids) await dockerd.docker('kill', id)
          return ids.length > 0
        },
      },
      ...commonFaults(world, processes),
    ],
    journals: join(folder, 'dockerd/root/volumes/*/_data/.local/state/skein/*/s/*'),
    processes,
    remains: async () => [
      ...(await named()),
      ...(await dockerd.docker('volume', 'ls', '--quiet', '--filter', 'label=dev.skein.owner'))
        .split('\n')
        .filter((name) => name !== ''),
    ],
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await containers[Symbol.asyncDispose]()
    },
  }
}
