import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { type ConnectOptions, connectIfRunning, connectOrStart } from './connect.ts'
import { CLIENT_PROCESS, kill, type ServerHome, serverHome } from './fixtures/server-home.ts'
import { serverPaths } from './home.ts'
import { tryLock } from './lock.ts'

function connect(home: ServerHome, options: Partial<ConnectOptions> = {}) {
  return connectOrStart({ home: home.path, version: '1', spawn: home.server(), deadlineMs: 30_000, ...options })
}

/** What a client process of its own says. */
async function clientProcess(home: ServerHome): Promise<{ pid?: number; error?: unknown }> {
  const { command, args } = home.server()
  const child = spawn(process.execPath, [CLIENT_PROCESS, home.path, '1', command, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let printed = ''
  child.stdout.on('data', (bytes: Buffer) => {
    printed += bytes.toString()
  })
  await once(child, 'close')
  return JSON.parse(printed)
}

it('a server is started for the first caller, found by the next, and outlives both', async () => {
  await using home = await serverHome()
  expect(await connectIfRunning({ home: home.path })).toBeUndefined()
  let started = 0
  const onStarting = () => started++
  const first = await connect(home, { onStarting })
  const { pid } = await first.call('server.info', {})
  expect(pid).not.toBe(process.pid)
  await first[Symbol.asyncDispose]()
  await using second = await connect(home, { onStarting })
  expect(await second.call('server.info', {})).toMatchObject({ pid })
  expect(started).toBe(1)
  await using third = await connectIfRunning({ home: home.path })
  expect(await third?.call('server.info', {})).toMatchObject({ pid })
})

it('20 client processes at once start exactly one server', async () => {
  await using home = await serverHome()
  const clients = await Promise.all(Array.from({ length: 20 }, () => clientProcess(home)))
  expect(home.starts()).toHaveLength(1)
  expect(clients).toEqual(Array.from({ length: 20 }, () => ({ pid: home.starts()[0] })))
}, 120_000)

it('20 callers of one process start exactly one server', async () => {
  await using home = await serverHome()
  const apis = await Promise.all(Array.from({ length: 20 }, () => connect(home)))
  const pids = await Promise.all(apis.map(async (api) => (await api.call('server.info', {})).pid))
  expect(home.starts()).toHaveLength(1)
  expect(new Set(pids)).toEqual(new Set(home.starts()))
  await Promise.all(apis.map((api) => api[Symbol.asyncDispose]()))
})

it('after kill -9 of the server the next caller starts another one', async () => {
  await using home = await serverHome()
  for (let round = 1; round <= 3; round++) {
    await using api = await connect(home)
    const { pid } = await api.call('server.info', {})
    expect(home.starts()).toHaveLength(round)
    kill(pid)
  }
})

it('a server is given no secret of the caller’s environment', async () => {
  await using home = await serverHome()
  const env = { ANTHROPIC_API_KEY: 'canary', GITHUB_TOKEN: 'canary', SKEIN_PASSWORD: 'canary', LC_SKEIN: 'kept' }
  await using api = await connect(home, { spawn: home.server({ env }) })
  const { pid } = await api.call('server.info', {})
  const given = readFileSync(`/proc/${pid}/environ`, 'utf8')
  expect(given).not.toContain('canary')
  expect(given.split('\0')).toEqual(expect.arrayContaining(['LC_SKEIN=kept', `SKEIN_HOME=${home.path}`]))
})

it('a server of another version is replaced when it has nothing to do', async () => {
  await using home = await serverHome()
  const old = await connect(home)
  await using api = await connect(home, { version: '2', spawn: home.server({ version: '2' }) })
  expect(await api.call('server.info', {})).toMatchObject({ version: '2', pid: home.starts()[1] })
  await expect(old.call('server.info', {})).resolves.toMatchObject({ version: '2' })
  await old[Symbol.asyncDispose]()
})

it('a server of another version that is at work is left alone, with a notice', async () => {
  await using home = await serverHome()
  await (await connect(home, { spawn: home.server({ how: 'busy' }) }))[Symbol.asyncDispose]()
  const notices: string[] = []
  await using api = await connect(home, {
    version: '2',
    spawn: home.server({ version: '2' }),
    onNotice: (notice) => notices.push(notice),
  })
  expect(await api.call('server.info', {})).toMatchObject({ version: '1' })
  expect(notices).toEqual([expect.stringContaining('version 1')])
  expect(home.starts()).toHaveLength(1)
})

it('a caller waits for the place of a server that stops, and takes it', async () => {
  await using home = await serverHome()
  const paths = serverPaths(home.path)
  const stopping = await tryLock(paths.lock)
  const connecting = connect(home)
  // The first server that is started finds the lock held and goes quietly.
  await waitUntil(() => readFileSync(join(home.path, 'attempts'), 'utf8').split('\n').length > 2, {
    what: 'a second attempt after the first has failed',
  })
  expect(home.starts()).toEqual([])
  stopping?.release()
  await using api = await connecting
  expect(await api.call('server.info', {})).toMatchObject({ pid: home.starts()[0] })
})

it('a server that cannot start tells why through whoever started it', async () => {
  await using home = await serverHome()
  await expect(connect(home, { spawn: home.server({ how: 'fail' }) })).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('the store is from the future'),
  })
})

it('a server that ends without a word is reported with its exit status and the last lines it printed', async () => {
  await using home = await serverHome()
  const script = 'console.error("line one\\nline two"); process.exit(7)'
  await expect(
    connect(home, { spawn: { command: process.execPath, args: ['-e', script], env: process.env } }),
  ).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/exit status 7:\nline one\nline two$/),
    next: expect.stringContaining(serverPaths(home.path).output),
  })
})

it('a command that is not there is named', async () => {
  await using home = await serverHome()
  const spawn = { command: '/nowhere/skein', args: [], env: {} }
  await expect(connect(home, { spawn })).rejects.toMatchObject({
    code: 'missing',
    message: expect.stringContaining('/nowhere/skein'),
  })
})

it('a server that hangs is reported after the deadline, with its process', async () => {
  await using home = await serverHome()
  const api = await connect(home)
  const { pid } = await api.call('server.info', {})
  await api[Symbol.asyncDispose]()
  process.kill(pid, 'SIGSTOP')
  await expect(connect(home, { deadlineMs: 1_000 })).rejects.toMatchObject({
    code: 'timed_out',
    next: expect.stringContaining(`kill -9 ${pid}`),
  })
})

it('a caller can stop waiting', async () => {
  await using home = await serverHome()
  const patience = new AbortController()
  const spawn = { command: process.execPath, args: ['-e', 'setTimeout(() => {}, 2000)', home.path], env: process.env }
  const connecting = connect(home, { spawn, signal: patience.signal, onStarting: () => patience.abort() })
  await expect(connecting).rejects.toMatchObject({ code: 'cancelled' })
})

it('a home that was open to others is closed', async () => {
  await using home = await serverHome()
  chmodSync(home.path, 0o755)
  await using api = await connect(home)
  await api.call('server.info', {})
  expect(statSync(home.path).mode & 0o777).toBe(0o700)
})

it('a file in the place of the socket is not touched, and named', async () => {
  await using home = await serverHome()
  const { socket } = serverPaths(home.path)
  writeFileSync(socket, 'mine')
  await expect(connect(home)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(socket) })
  expect(readFileSync(socket, 'utf8')).toBe('mine')
})

it('a home that is a file is named', async () => {
  await using home = await serverHome()
  const path = join(home.path, 'file')
  writeFileSync(path, '')
  await expect(connect(home, { home: path })).rejects.toMatchObject({ code: 'invalid' })
  mkdirSync(join(home.path, 'below'))
  await expect(connect(home, { home: join(path, 'below') })).rejects.toMatchObject({ code: 'unavailable' })
})
