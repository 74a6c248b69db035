import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Machine, ProviderContext } from '@skein/plugin-api'
import { RunnerClient } from '@skein/protocol'
import { type TemporaryFolder, temporaryFolder } from '@skein/testkit'
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
    signal: new AbortController().signal,
  }
  const machine = await createLocalProvider({ runnerIdleExitMs: 60_000 }).create(SPEC, context)
  return {
    folder,
    machine,
    logged,
    async [Symbol.asyncDispose]() {
      if (bundle === RUNNER && logged.length > 0) {
        const runner = await greet(machine)
        // The answer may be lost with the daemon.
        await runner.call('runner.shutdown', { processes: 'stop' }).catch(() => {})
        runner.close()
      }
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function greet(machine: Machine): Promise<RunnerClient> {
  const stream = await machine.open({ runner: true })
  return RunnerClient.connect(stream, { client: 'test', clientVersion: '0' })
}

it('starts the runner when nothing answers, once for all who ask at the same time', async () => {
  await using here = await local()
  const runners = await Promise.all(Array.from({ length: 5 }, () => greet(here.machine)))
  const daemons = new Set(runners.map((runner) => runner.hello.daemonId))
  expect(daemons.size).toBe(1)
  expect(here.logged).toEqual([`starting the runner in ${here.folder.path}/runner`])
  for (const runner of runners) runner.close()
  const again = await greet(here.machine)
  expect(daemons).toContain(again.hello.daemonId)
  expect(here.logged).toHaveLength(1)
  again.close()
})

it('starts another runner after kill -9 of the one before', async () => {
  await using here = await local()
  const first = await greet(here.machine)
  process.kill(first.hello.pid, 'SIGKILL')
  const second = await greet(here.machine)
  expect(second.hello.daemonId).not.toBe(first.hello.daemonId)
  first.close()
  second.close()
})

it('gives the runner no secret of its own environment', async () => {
  await using here = await local()
  process.env.ANTHROPIC_API_KEY = 'canary'
  try {
    const runner = await greet(here.machine)
    const given = readFileSync(`/proc/${runner.hello.pid}/environ`, 'utf8')
    expect(given).toContain('PATH=')
    expect(given).not.toContain('canary')
    runner.close()
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

it('does not speak to a socket in a folder of somebody else', async () => {
  if (process.getuid?.() !== 0) return
  await using here = await local()
  const { chownSync } = await import('node:fs')
  mkdirSync(join(here.folder.path, 'runner'))
  chmodSync(join(here.folder.path, 'runner'), 0o777)
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
  const listed = await Array.fromAsync(localProvider.list('me', context))
  expect(listed).toEqual([here.machine.record])
  const other = await localProvider.create({ ...SPEC, key: 'k2' }, { home: here.folder.path } as ProviderContext)
  expect(other.record).toEqual(here.machine.record)
  await expect(here.machine.destroy()).rejects.toMatchObject({ code: 'invalid' })
  await expect(localProvider.attach({ ...here.machine.record, id: 'x' }, context)).rejects.toMatchObject({
    code: 'not_found',
  })
})
