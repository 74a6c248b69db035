import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createHttpClient } from '@skein/protocol/node'
import { temporaryFolder, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { runningServer } from './fixtures/running-server.ts'
import { createScriptedApi, ENDLESS_PATH } from './fixtures/scripted-api.ts'
import { serve } from './serve.ts'

it('a server lets only its owner in: home and logs 0700, socket, lock and record 0600', async () => {
  await using run = await runningServer()
  const mode = (path: string) => (statSync(join(run.home, path)).mode & 0o777).toString(8)
  expect([mode('.'), mode('logs')]).toEqual(['700', '700'])
  expect([mode('server.sock'), mode('server.lock'), mode('server.json')]).toEqual(['600', '600', '600'])
  expect(JSON.parse(readFileSync(join(run.home, 'server.json'), 'utf8'))).toMatchObject({
    pid: process.pid,
    version: '1',
    socket: run.server.socketPath,
  })
})

it('a server ends by itself when nobody is connected and nothing goes on', async () => {
  await using run = await runningServer({ idleExitMs: 1_000 })
  run.behind.running = 1
  await run.api.call('server.info', {})
  await run.api[Symbol.asyncDispose]()
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(run.closed()).toBe(false)
  run.behind.running = 0
  expect(await run.server.stopped).toBe('idle')
  expect(run.closed()).toBe(true)
  expect(() => statSync(run.server.socketPath)).toThrow('ENOENT')
})

it('a server stays while somebody is connected', async () => {
  await using run = await runningServer({ idleExitMs: 1_000 })
  const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
  await items.next()
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(run.closed()).toBe(false)
  await items.return?.()
  expect(await run.server.stopped).toBe('idle')
})

it('a server ends when its socket was removed, because nobody could reach it again', async () => {
  await using run = await runningServer({ idleExitMs: 1_000 })
  run.behind.running = 1
  rmSync(run.server.socketPath)
  expect(await run.server.stopped).toBe('socket_gone')
})

it('a server that is asked to stop answers, ends subscriptions so that clients connect again, and closes what it serves', async () => {
  await using run = await runningServer()
  const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
  await items.next()
  const next = expect(items.next()).rejects.toMatchObject({
    code: 'unavailable',
    details: { reason: 'server_stopping', connection: 'stopping' },
  })
  expect(await run.api.call('server.stop', { key: 'k' })).toEqual({})
  await next
  expect(await run.server.stopped).toBe('asked')
  expect(run.closed()).toBe(true)
})

it('a server lets requests that run go on for a while when it stops, then cuts them', async () => {
  await using run = await runningServer({ drainMs: 100 })
  const call = run.api.call('projects.open', { key: 'k', path: ENDLESS_PATH })
  await waitUntil(() => run.behind.seen.calls.length === 1, { what: 'the call to arrive' })
  const cut = expect(call).rejects.toMatchObject({ code: 'unavailable', details: { connection: 'lost' } })
  await run.server.stop('signal')
  await cut
})

it('a server gives everything back when it cannot start', async () => {
  await using folder = await temporaryFolder('serve')
  const open = async () => {
    throw new Error('the store is from the future')
  }
  const start = () => serve({ home: folder.path, version: '1', open })
  await expect(start()).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('from the future'),
  })
  await expect(start()).rejects.toMatchObject({ code: 'internal' })
})

it('a server listens in the temporary folder when its home has a long path', async () => {
  await using folder = await temporaryFolder('serve')
  const home = join(folder.path, 'x'.repeat(100))
  const api = createScriptedApi(home, '1')
  await using server = await serve({
    home,
    version: '1',
    open: async () => ({ api, busy: () => false, close: async () => {} }),
  })
  expect(server.socketPath.length).toBeLessThan(100)
  expect(statSync(join(server.socketPath, '..')).mode & 0o777).toBe(0o700)
  await using client = createHttpClient({ socketPath: server.socketPath })
  expect(await client.call('server.info', {})).toMatchObject({ home })
})
