import { once } from 'node:events'
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Machine, MachineRecord, ProviderContext } from '@skein/plugin-api'
import { type TemporaryFolder, temporaryFolder, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { createLocalProvider, localProvider } from './local-provider.ts'

const RUNNER = fileURLToPath(new URL('../../../packages/runner/src/main.ts', import.meta.url))
const SPEC = { key: 'k', name: 'here', owner: 'me', settings: {} }

interface Local extends AsyncDisposable {
  folder: TemporaryFolder
  machine: Machine
  logged: string[]
}

/** The local machine of a home of its own, over a real runner; `bundle` stands in for the runner where its failure is meant. */
async function local(bundle = RUNNER): Promise<Local> {
  const folder = await temporaryFolder('local')
  const logged: string[] = []
  const context: ProviderContext = {
    home: folder.path,
    runnerBundle: async () => ({ path: bundle, sha256: 'source' }),
    log: (message) => logged.push(message),
    progress: () => undefined,
    signal: new AbortController().signal,
  }
  const machine = await createLocalProvider({ runnerIdleExitMs: 60_000 }).create(SPEC, context)
  return {
    folder,
    machine,
    logged,
    async [Symbol.asyncDispose]() {
      try {
        if (bundle === RUNNER && logged.length > 0) {
          const { stream } = await greet(machine)
          await ask(stream, 'runner.shutdown', { processes: 'stop' })
        }
      } finally {
        await folder[Symbol.asyncDispose]()
      }
    },
  }
}

interface Greeted {
  stream: Duplex
  hello: { daemonId: string; pid: number }
}

/** What a runner says of itself over a new stream. */
async function greet(machine: Machine): Promise<Greeted> {
  const stream = await machine.open({ runner: true })
  // A runner that is killed resets its connections.
  stream.on('error', () => {})
  const hello = await ask(stream, 'hello', { protocol: [1], client: 'test', clientVersion: '0' })
  return { stream, hello: hello as Greeted['hello'] }
}

async function ask(stream: Duplex, method: string, params: object): Promise<unknown> {
  stream.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`)
  const lines = createInterface({ input: stream })
  const [line] = await once(lines, 'line')
  lines.close()
  stream.resume()
  return JSON.parse(line).result
}

it('starts the runner when nothing answers, once for all who ask at the same time', async () => {
  await using here = await local()
  const runners = await Promise.all(Array.from({ length: 5 }, () => greet(here.machine)))
  const daemons = new Set(runners.map((runner) => runner.hello.daemonId))
  expect(daemons.size).toBe(1)
  expect(here.logged).toEqual([`starting the runner in ${here.folder.path}/runner`])
  for (const runner of runners) runner.stream.destroy()
  const again = await greet(here.machine)
  expect(daemons).toContain(again.hello.daemonId)
  expect(here.logged).toHaveLength(1)
  again.stream.destroy()
})

it('starts another runner after kill -9 of the one before', async () => {
  await using here = await local()
  const first = await greet(here.machine)
  // A connection whose other end was killed may also end with a reset.
  first.stream.on('error', () => undefined)
  process.kill(first.hello.pid, 'SIGKILL')
  await waitUntil(() => first.stream.destroyed, { what: 'the connection to break' })
  // A socket that is only being closed still takes a connection, and then resets it.
  const second = await waitUntil(() => greet(here.machine).catch(() => undefined), { what: 'another runner to answer' })
  expect(second.hello.daemonId).not.toBe(first.hello.daemonId)
  first.stream.destroy()
  second.stream.destroy()
})

it('gives the runner no secret of its own environment', async () => {
  await using here = await local()
  process.env.ANTHROPIC_API_KEY = 'canary'
  try {
    const runner = await greet(here.machine)
    const given = readFileSync(`/proc/${runner.hello.pid}/environ`, 'utf8')
    expect(given).toContain('PATH=')
    expect(given).not.toContain('canary')
    runner.stream.destroy()
  } finally {
    delete process.env.ANTHROPIC_API_KEY
  }
})

it('says why the runner did not start', async () => {
  await using folder = await temporaryFolder('bundle')
  const bundle = join(folder.path, 'broken.mjs')
  writeFileSync(bundle, 'console.error("no room for me"); process.exit(3)')
  await using here = await local(bundle)
  await expect(here.machine.open({ runner: true })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/exit status 3 .*\nno room for me$/s),
  })
  writeFileSync(bundle, 'console.log("Hello!")')
  await expect(here.machine.open({ runner: true })).rejects.toMatchObject({
    message: expect.stringContaining('it answered "Hello!"'),
  })
})

it('lets a caller stop waiting for the runner', async () => {
  await using folder = await temporaryFolder('bundle')
  const bundle = join(folder.path, 'slow.mjs')
  writeFileSync(bundle, 'setTimeout(() => process.exit(1), 1000)')
  await using here = await local(bundle)
  const patience = new AbortController()
  const opening = here.machine.open({ runner: true }, patience.signal)
  setTimeout(() => patience.abort(), 50)
  await expect(opening).rejects.toMatchObject({ code: 'cancelled' })
})

it.skipIf(process.getuid?.() !== 0)('does not speak to a socket in a folder of somebody else', async () => {
  await using here = await local()
  mkdirSync(join(here.folder.path, 'runner'))
  chownSync(join(here.folder.path, 'runner'), 65_534, 65_534)
  await expect(here.machine.open({ runner: true })).rejects.toMatchObject({ code: 'unauthorized' })
})

it('opens ports of this computer, and says when nothing listens', async () => {
  await using here = await local()
  const server = createServer((socket) => socket.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stream = await here.machine.open({ port })
  const [said] = await once(stream, 'data')
  expect(String(said)).toBe('hello')
  stream.destroy()
  server.close()
  await once(server, 'close')
  await expect(here.machine.open({ port })).rejects.toMatchObject({
    code: 'unavailable',
    details: { errno: 'ECONNREFUSED' },
  })
})

it('is one machine, whatever it is asked for, and cannot be destroyed', async () => {
  await using here = await local()
  const context = {} as ProviderContext
  const listed: MachineRecord[] = []
  for await (const record of localProvider.list('me', context)) listed.push(record)
  expect(listed).toEqual([here.machine.record])
  const other = await localProvider.create({ ...SPEC, key: 'k2' }, { home: here.folder.path } as ProviderContext)
  expect(other.record).toEqual(here.machine.record)
  await expect(here.machine.destroy()).rejects.toMatchObject({ code: 'invalid' })
  await expect(localProvider.attach({ ...here.machine.record, id: 'x' }, context)).rejects.toMatchObject({
    code: 'not_found',
  })
})
