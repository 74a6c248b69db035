import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Machine, type MachineProvider, type ProviderContext, SkeinError } from '@skein/plugin-api'
import {
  canDropPackets,
  type Login,
  processesUnder,
  RunnerStream,
  type SshdUnderTest,
  startSshd,
  temporaryFolder,
  waitUntil,
} from '@skein/testkit'
import { expect, it } from 'vitest'
import { buildRunner } from '../../../scripts/build-runner.ts'
import { has } from '../../../scripts/requirements.ts'
import { createSshProvider } from './index.ts'

const bundle = await buildRunner()
const canRun = has('sshd') && has('ssh')
const test = it.skipIf(!canRun)

interface World extends AsyncDisposable {
  folder: string
  sshd: SshdUnderTest
  provider: MachineProvider
  context: ProviderContext
  machine: Machine
  logged: string[]
  progress: string[]
}

/** A host behind a real sshd that never saw Skein, and a provider with a home of its own. */
async function world(options: { withJump?: boolean; login?: Login; settings?: string[] } = {}): Promise<World> {
  const folder = await temporaryFolder('ssh')
  const sshd = await startSshd({ folder: folder.path, ...options })
  const logged: string[] = []
  const progress: string[] = []
  const context: ProviderContext = {
    home: join(folder.path, 'skein'),
    runnerBundle: async () => bundle,
    log: (message) => logged.push(message),
    progress: (line) => progress.push(line),
    signal: new AbortController().signal,
  }
  const provider = createSshProvider({ config: sshd.config })
  const machine = await provider.create({ key: 'k', name: 'box', owner: 'me', settings: {} }, context)
  return {
    folder: folder.path,
    sshd,
    provider,
    context,
    machine,
    logged,
    progress,
    async [Symbol.asyncDispose]() {
      await provider.close?.()
      await sshd[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function greet(machine: Machine, signal?: AbortSignal): Promise<RunnerStream> {
  return await RunnerStream.greet(await machine.open({ runner: true }, signal))
}

async function failure(promise: Promise<unknown>): Promise<SkeinError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof SkeinError) return error
  throw error
}

test('a host that never saw Skein gets its runner through a jump host, and a second stream is one round trip', async () => {
  await using here = await world({ withJump: true })
  await using first = await greet(here.machine)
  expect(first.hello.home).toBe(here.sshd.home)
  expect(here.progress).toEqual(['bringing the runner to the machine'])
  expect(here.sshd.jumpLog()).toContain('Accepted publickey')
  const logins = here.sshd.log().split('Accepted publickey').length
  const began = performance.now()
  await using second = await greet(here.machine)
  console.log(`a warm attach over ssh: ${Math.round(performance.now() - began)} ms`)
  expect(second.hello.daemonId).toBe(first.hello.daemonId)
  expect(here.sshd.log().split('Accepted publickey').length).toBe(logins)
  expect(here.progress).toHaveLength(1)
})

test('no process of either side has anything secret in its arguments, and all of ours end with the provider', async () => {
  await using here = await world()
  await using runner = await greet(here.machine)
  expect(runner.hello.pid).toBeGreaterThan(0)
  const ours = (await processesUnder(here.folder)).map(({ command }) => command)
  expect(ours.some((command) => command.startsWith('ssh: '))).toBe(true)
  const key = readFileSync(join(here.folder, 'ssh/id'), 'utf8').split('\n')[1] ?? ''
  for (const command of ours) expect(command).not.toContain(key)
  await here.provider.close?.()
  await waitUntil(async () => (await processesUnder(here.sshd.config)).length === 0, { what: 'the end of every ssh' })
  expect(readdirSync(join(here.context.home, 'ssh'))).toEqual([])
})

test('a banner, a profile that talks and a shell that is not POSIX do no harm', async () => {
  const banner = 'Welcome!\n@skein is nothing here\nno end of line: '
  await using here = await world({ login: { banner, shell: has('zsh') ? 'zsh' : 'bash' } })
  await using runner = await greet(here.machine)
  expect(runner.hello.home).toBe(here.sshd.home)
})

test('an unknown host key is shown with its fingerprint and is not accepted, on the way as at the end', async () => {
  await using here = await world({ withJump: true })
  const known = readFileSync(here.sshd.knownHosts, 'utf8').split('\n')
  for (const [missing, kept] of [
    ['jumphost', known[0]],
    ['box', known[1]],
  ]) {
    writeFileSync(here.sshd.knownHosts, `${kept}\n`)
    const error = await failure(here.machine.open({ runner: true }))
    const key = execFileSync('ssh-keygen', ['-lf', join(here.folder, `ssh/${missing}/host_key.pub`)], {
      encoding: 'utf8',
    })
    expect(error).toMatchObject({ code: 'unauthorized', details: { reason: 'host_key_unknown' } })
    expect(error.message).toContain(key.split(' ')[1])
    expect(error.next).toContain(`ssh -F ${here.sshd.config} box`)
    expect(readFileSync(here.sshd.knownHosts, 'utf8')).toBe(`${kept}\n`)
  }
  expect(existsSync(join(here.sshd.home, '.local'))).toBe(false)
})

test('a changed host key is said loudly, with the line that a person may remove', async () => {
  await using here = await world()
  await here.sshd.changeHostKey()
  const error = await failure(here.machine.open({ runner: true }))
  expect(error).toMatchObject({ code: 'unauthorized', details: { reason: 'host_key_changed' } })
  expect(error.message).toContain('THE HOST KEY HAS CHANGED')
  expect(error.message).toMatch(/SHA256:/)
  expect(error.next).toContain(`sed -i 1d ${here.sshd.knownHosts}`)
})

test('a refused login, a closed port, an unknown name and a bad configuration each say what to do', async () => {
  await using here = await world()
  const open = async (name: string, settings: Record<string, unknown>) => {
    const machine = await here.provider.create({ key: 'k', name, owner: 'me', settings }, here.context)
    return await failure(machine.open({ runner: true }))
  }
  const stranger = join(here.folder, 'stranger')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger])
  writeFileSync(here.sshd.config, readFileSync(here.sshd.config, 'utf8').replace(/ {2}IdentityFile .*\n/, ''))
  const refused = await open('box', { identityFile: stranger })
  expect(refused).toMatchObject({ code: 'unauthorized', details: { reason: 'auth' } })
  expect(refused.next).toContain('ssh-add')

  await here.sshd.down()
  expect(await open('box', {})).toMatchObject({ code: 'unavailable', details: { reason: 'refused' } })
  expect(await open('no-such-host-anywhere', {})).toMatchObject({
    code: 'invalid',
    details: { reason: 'unknown_host' },
  })
  expect(await open('gone.example.invalid', {})).toMatchObject({ code: 'unavailable' })
  expect(await open('box', { options: ['Nonsense=1'] })).toMatchObject({
    code: 'invalid',
    details: { reason: 'config' },
  })
})

test('an account without a shell is explained, and nothing is left there', async () => {
  await using here = await world({ login: { instead: 'echo This account is currently not available.; exit 1' } })
  const error = await failure(here.machine.open({ runner: true }))
  expect(error).toMatchObject({ code: 'unauthorized', details: { reason: 'account' } })
  expect(readdirSync(here.sshd.home)).toEqual([])
})

test('killed connections are made anew, to the same runner', async () => {
  await using here = await world()
  await using before = await greet(here.machine)
  expect(await here.sshd.killConnections()).toBeGreaterThan(0)
  await before.closed
  await using after = await greet(here.machine)
  expect(after.hello.daemonId).toBe(before.hello.daemonId)
  await after.ask('process.list', {})
})

it.skipIf(!canRun || !canDropPackets())(
  'a connection whose packets are dropped does not hold up the next',
  async () => {
    await using here = await world()
    const before = await greet(here.machine)
    const again = await (async () => {
      await using _dropped = await here.sshd.dropPackets()
      const opening = greet(here.machine)
      await waitUntil(() => here.logged.some((line) => line.includes('does not answer')), {
        what: 'the dead link to be noticed',
      })
      return { opening }
    })()
    await using after = await again.opening
    expect(after.hello.daemonId).toBe(before.hello.daemonId)
    await before.closed
  },
)

test('ports of the host are reached through the shared connection, and by the runner where sshd forbids that', async () => {
  const http = createHttpServer((_request, response) => response.end('from the host'))
  http.listen(0, '127.0.0.1')
  const six = createServer((socket) => socket.end('six'))
  six.listen(0, '::1')
  try {
    await Promise.all([once(http, 'listening'), once(six, 'listening').catch(() => {})])
    const { port } = http.address() as AddressInfo
    for (const settings of [[], ['AllowTcpForwarding no']]) {
      await using here = await world({ settings })
      const stream = await here.machine.open({ port })
      stream.write('GET / HTTP/1.0\r\n\r\n')
      expect(await text(stream)).toContain('from the host')
      const refused = await failure(here.machine.open({ port: 1 }))
      expect(refused).toMatchObject({ code: 'unavailable', details: { errno: 'ECONNREFUSED' } })
      if (settings.length > 0) continue
      const other = await here.machine.open({ port: (six.address() as AddressInfo).port })
      expect(await text(other)).toBe('six')
      other.destroy()
    }
  } finally {
    http.close()
    six.close()
  }
})

test('a person gets a shell on the host, and the host is never destroyed', async () => {
  await using here = await world()
  const { argv = [] } = here.machine.shell?.('echo "at $HOME"') ?? {}
  const [program = '', ...args] = argv
  expect(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toContain(
    here.sshd.home,
  )
  await expect(here.machine.destroy()).rejects.toMatchObject({ code: 'invalid' })
  const listed = []
  for await (const record of here.provider.list('me', here.context)) listed.push(record)
  expect(listed).toEqual([])
  const again = await here.provider.attach(here.machine.record, here.context)
  expect(again.record).toEqual(here.machine.record)
})

test('diagnosis names what is there and what is missing, and why a host cannot be reached', async () => {
  await using here = await world()
  const found = (await here.provider.diagnose?.(here.machine, here.context)) ?? []
  expect(
    found
      .filter(({ ok }) => ok)
      .map(({ what }) => what)
      .join('\n'),
  ).toMatch(/Linux.*git version.*Node/s)
  await here.provider.close?.()
  await here.sshd.down()
  const [only, ...more] = (await here.provider.diagnose?.(here.machine, here.context)) ?? []
  expect(only).toMatchObject({ ok: false, severity: 'error', remedy: expect.stringContaining('sshd') })
  expect(more).toEqual([])
})
