import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MachineRecord } from '@skein/plugin-api'
import { commandLines, killAt, when } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from '../../../scripts/requirements.ts'
import { ask, type ContainerWorld, containerWorld } from './testing/container-world.ts'

const CREATOR = fileURLToPath(new URL('./testing/create-slowly.ts', import.meta.url))
/** The least that a runner can do. */
const TRUE = { argv: ['true'], env: { PATH: '/usr/bin:/bin' } }
const canRun = process.getuid?.() === 0 && has('dockerd') && has('slirp4netns')

describe.skipIf(!canRun)('with a real dockerd', { timeout: 180_000 }, () => {
  let world: ContainerWorld
  beforeAll(async () => {
    world = await containerWorld()
  }, 300_000)
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  }, 60_000)

  /** What the engine still has of Skein's machines. */
  async function remains(): Promise<string> {
    const mine = ['--filter', 'label=dev.skein.owner=tests']
    const { docker } = world.dockerd
    return [
      await docker('ps', '--all', '--quiet', ...mine),
      await docker('volume', 'ls', '--quiet', ...mine),
      await docker('network', 'ls', '--quiet', ...mine),
    ].join('')
  }

  it('builds its own image once: claude and Node for a user who is not root', async () => {
    const again = await world.build()
    expect(again).toMatchObject({ tag: 'skein/agent:0.1.0', built: false })
    const said = await world.dockerd.docker('run', '--rm', again.tag, 'sh', '-c', 'id -un; node -v; claude --version')
    expect(said).toMatch(/^skein\nv\d+\.\S+\n2\.\S+ \(Claude Code\)$/)
  })

  it('makes one machine for a key, also for two who ask at once, and leaves nothing of it', async () => {
    const [one, two] = await Promise.all([world.make('twice'), world.make('twice')])
    expect(two.record).toEqual(one.record)
    const names = (await world.list()).map(({ id, details }) => [id, details.key])
    expect(names).toEqual([[one.record.id, 'twice']])
    const listed = (await world.list())[0] as MachineRecord
    expect(listed).toEqual(one.record)
    const attached = await world.provider.attach(listed, world.context)
    expect(await ask(attached, 'exec', TRUE)).toMatchObject({ code: 0 })
    await Promise.all([one.destroy(), two.destroy()])
    await attached.destroy()
    expect(await remains()).toBe('')
  })

  it('keeps the agent from being root, from the host’s files and from the engine', async () => {
    await using machine = await world.make('boundary')
    const canary = join(world.folder, 'canary-of-the-host')
    writeFileSync(canary, 'secret')
    const script = `id -u; cat ${canary}; ls /var/run/docker.sock /run/docker.sock; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status
      touch /usr/bin/x`
    const { output } = await world.inside(machine, script)
    expect(output).toMatch(/^1000\n/)
    expect(output).toMatch(/CapEff:\s0+\nNoNewPrivs:\s1/)
    expect(output.match(/No such file|Permission denied/g)).toHaveLength(4)
    const [found] = JSON.parse(await world.dockerd.docker('inspect', machine.record.id))
    expect(found.HostConfig.Binds).toBe(null)
    expect(found.Mounts.map(({ Type, Name }: { Type: string; Name: string }) => [Type, Name])).toEqual([
      ['volume', machine.record.id],
    ])
    expect(found.HostConfig).toMatchObject({ Memory: 4 * 2 ** 30, PidsLimit: 512, PortBindings: {}, Privileged: false })
  })

  it('shows no secret that went to an agent: not to docker inspect, not in any command line', async () => {
    await using machine = await world.make('secrets')
    const canary = `canary-${Math.random().toString(36).slice(2)}`
    const env = { PATH: '/usr/bin:/bin', SECRET: canary }
    const params = { argv: ['sh', '-c', 'printf %s "$SECRET" | wc -c'], env }
    expect(await ask(machine, 'exec', params)).toMatchObject({ code: 0, stdout: `${canary.length}\n` })
    const { container, volume } = { container: machine.record.id, volume: machine.record.id }
    const told = [
      await world.dockerd.docker('inspect', container),
      await world.dockerd.docker('volume', 'inspect', volume),
      ...commandLines(),
    ].join('\n')
    expect(told).not.toContain(canary)
    const { output } = await world.inside(machine, `grep -rl ${canary} ~ /tmp /proc/1/environ`)
    expect(output).toBe('')
  })

  it('holds `none`: nothing can be reached from inside, and ports are still reached from here', async () => {
    await using machine = await world.make('alone', { network: 'none' })
    await using host = await hostServer('here')
    const url = `http://${world.dockerd.hostLoopback}:${host.port}/`
    expect((await world.inside(machine, `curl -sS -m 5 ${url}`)).code).not.toBe(0)
    expect((await world.inside(machine, 'ls /sys/class/net')).output).toBe('lo')
    const serve = `require('http').createServer((q, a) => a.end('from inside')).listen(3000, '127.0.0.1')`
    await world.dockerd.docker('exec', '--detach', machine.record.id, 'node', '-e', serve)
    const stream = await eventually(() => machine.open({ port: 3000 }))
    let said = ''
    stream.on('data', (bytes: Buffer) => {
      said += bytes
    })
    stream.write('GET / HTTP/1.0\r\n\r\n')
    await once(stream, 'end')
    stream.destroy()
    expect(said).toContain('from inside')
  })

  it('holds an allow-list: one host through the gate and no other, no name server, nothing of the host', async () => {
    await using allowed = await hostServer('allowed')
    await using other = await hostServer('other')
    const address = world.dockerd.hostLoopback
    await using machine = await world.make('listed', { network: 'allow-list', allow: [`${address}:${allowed.port}`] })
    const variables = Object.entries(machine.environment?.() ?? {}).map(
      ([name, value]) => `export ${name}='${value}'; `,
    )
    const inside = (script: string) => world.inside(machine, variables.join('') + script)
    const [good, bad] = [allowed, other].map(({ port }) => `http://${address}:${port}/`)
    expect(await inside(`curl -sS -m 10 ${good}`)).toEqual({ code: 0, output: 'allowed' })
    expect(await inside(`curl -sS -m 10 --proxytunnel ${good}`)).toEqual({ code: 0, output: 'allowed' })
    expect((await inside(`node -e "fetch('${good}').then(r => r.text()).then(console.log)"`)).output).toBe('allowed')
    expect((await inside(`curl -sS -m 10 ${bad}`)).output).toContain('not on this workspace')
    expect((await inside(`curl -sS -m 10 --proxytunnel ${bad}`)).output).toContain('403')
    // Around the gate: by address, and by name.
    const direct = "curl -sS -m 3 --noproxy '*'"
    const around = await inside(`${direct} ${good} & ${direct} https://example.org & wait`)
    expect(around.output).toMatch(/(timed out|No route|unreachable|Couldn't connect)/)
    expect(around.output).toMatch(/resolv/i)
    // What listens on the host is reached by no address of the container's network.
    const [network] = JSON.parse(await world.dockerd.docker('network', 'inspect', machine.record.id))
    const gateway = network.IPAM.Config[0].Gateway
    const serve = `require('net').createServer((s) => s.end()).listen(4100, '0.0.0.0', () => console.log('up'))`
    const onHost = spawn('nsenter', [`--net=${world.dockerd.network}`, process.execPath, '-e', serve])
    await once(onHost.stdout, 'data')
    expect((await inside(`curl -sS -m 3 --noproxy '*' http://${gateway}:4100`)).code).not.toBe(0)
    onHost.kill('SIGKILL')
    await machine.destroy()
    expect(await remains()).toBe('')
  })

  it('explains that the memory limit ended something, and limits processes', async () => {
    await using machine = await world.make('limits', { memory: '160m', pids: 40 })
    const before = await world.provider.diagnose?.(machine, world.context)
    expect(before?.filter(({ what }) => what.includes('memory limit'))).toEqual([])
    expect((await world.inside(machine, 'tail /dev/zero')).code).toBe(137)
    const after = await world.provider.diagnose?.(machine, world.context)
    expect(after?.find(({ ok }) => !ok)?.what).toMatch(/memory limit of 160m was reached.*\(1 process so far\)/)
    const exit = { code: 137, reason: 'exited', at: Date.now() } as const
    expect((await machine.explainExit?.(exit))?.message).toMatch(/out of memory: the container’s limit of 160m/)
    // Whoever ended the next one, it was not that.
    expect(await machine.explainExit?.(exit)).toBeUndefined()
    const { output } = await world.inside(machine, 'for i in $(seq 60); do sleep 20 & done')
    expect(output).toMatch(/[Cc]annot fork|Resource temporarily unavailable/)
  })

  it('keeps its volume over stop and start, and comes back after its host’s reboot', async () => {
    await using machine = await world.make('restart')
    await world.inside(machine, 'echo kept > ~/note')
    await machine.stop()
    await expect(machine.open({ runner: true })).rejects.toMatchObject({
      code: 'unavailable',
      next: expect.stringContaining('skein machine start'),
    })
    await machine.start()
    expect((await world.inside(machine, 'cat ~/note')).output).toBe('kept')
    await world.dockerd.docker('kill', machine.record.id)
    expect(await ask(machine, 'exec', TRUE)).toMatchObject({ code: 0 })
    expect((await world.inside(machine, 'cat ~/note')).output).toBe('kept')
  })

  it('finds what a killed process was about to make, and goes on with it', async () => {
    const flags = ['--disable-warning=ExperimentalWarning', CREATOR]
    const creator = spawn(process.execPath, [...flags, world.context.home, 'killed'])
    const there = () => world.dockerd.docker('ps', '--all', '--quiet', '--filter', 'label=dev.skein.key=killed')
    await killAt(
      creator,
      when('a container', async () => (await there()) !== ''),
    )
    const found = await world.list()
    expect(found.map(({ details }) => details.key)).toEqual(['killed'])
    const machine = await world.make('killed', { network: 'allow-list' })
    expect(machine.record.id).toBe(found[0]?.id)
    expect(await ask(machine, 'exec', TRUE)).toMatchObject({ code: 0 })
    await (await world.provider.attach(found[0] as MachineRecord, world.context)).destroy()
    expect(await remains()).toBe('')
  })

  it('lists and removes a volume whose container somebody removed', async () => {
    const { record } = await world.make('orphan')
    await world.dockerd.docker('rm', '--force', record.id)
    const [orphan] = await world.list()
    expect(orphan).toMatchObject({ id: record.id, details: { key: 'orphan' } })
    const machine = await world.provider.attach(orphan as MachineRecord, world.context)
    await expect(machine.open({ runner: true })).rejects.toMatchObject({ code: 'not_found' })
    await machine.destroy()
    expect(await remains()).toBe('')
  })

  it('lends claude and Node to an image without them, and a home to its nameless user', async () => {
    await using machine = await world.make('lent', { image: world.plainImage })
    expect(machine.record.details).toMatchObject({ user: '1000:1000', home: '/home/skein' })
    const path = machine.environment?.().PATH
    const { output } = await world.inside(
      machine,
      `export PATH=${path}; node -v && claude --version && echo x > ~/mine && ls ~`,
    )
    expect(output).toMatch(/^v2\d.*\n2\.\S+ \(Claude Code\)\nmine$/)
    expect(await ask(machine, 'exec', TRUE)).toMatchObject({ code: 0 })
  })

  it('builds from a Dockerfile and from devcontainer.json, and names what of it is not used', async () => {
    const file = join(world.project, 'Dockerfile')
    writeFileSync(file, `FROM ${world.plainImage}\nRUN useradd --create-home dev\nENV FROM_FILE=yes\nUSER dev\n`)
    const devcontainer = {
      build: { dockerfile: 'Dockerfile' },
      containerEnv: { STAGE: 'dev', HERS: `$\{localEnv:HOME}` },
      features: { 'x/y': {} },
      forwardPorts: [3000],
    }
    writeFileSync(join(world.project, 'devcontainer.json'), `// what it needs\n${JSON.stringify(devcontainer)}`)
    await using fromFile = await world.make('dockerfile', { dockerfile: 'Dockerfile' })
    expect((await world.inside(fromFile, 'whoami; echo $FROM_FILE')).output).toBe('dev\nyes')
    await using fromJson = await world.make('devcontainer', { devcontainer: 'devcontainer.json' })
    expect((await world.inside(fromJson, 'whoami; echo $STAGE.$HERS')).output).toBe('dev\ndev.')
    expect(fromJson.record.details).toMatchObject({ forwardPorts: [3000] })
    expect(world.progress.join('\n')).toContain('not used here: features, containerEnv.HERS')
  })

  it.each([
    [{ user: '0' }, 'invalid', /as root/],
    [{ user: 'nobody-of-that-name' }, 'invalid', /no such user/],
    [{ image: 'localhost:1/nothing:here' }, 'unavailable', /registry cannot be reached|daemon/],
    [{ image: 'UPPER CASE' }, 'invalid', /no name of an image/],
    [{ cpus: 4000 }, 'invalid', /processors/],
    [{ host: 'unix:///nonexistent/docker.sock' }, 'unavailable', /does not answer/],
    [{ dockerfile: '../../etc/passwd' }, 'not_found', /no file of the repository/],
  ])('says what is wrong with %j, and leaves nothing', async (settings, code, message) => {
    const failure = await world.make('wrong', settings).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message), next: expect.any(String) })
    for (const record of await world.list().catch(() => []))
      await (await world.provider.attach(record, world.context)).destroy()
    expect(await remains()).toBe('')
  })
})

/** A server on this computer's loopback that says one thing. */
async function hostServer(says: string): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer((_request, answer) => answer.end(says)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === 50) throw error
    }
  }
}
