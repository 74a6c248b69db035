import { readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { MAX_REQUEST, type SkeinApi } from '@skein/protocol'
import { createHttpClient } from '@skein/protocol/node'
import { temporaryFolder, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { createScriptedApi, ENDLESS_PATH, type ScriptedApi } from './fixtures/scripted-api.ts'
import { type ServeOptions, type Server, serve } from './serve.ts'

interface Running extends AsyncDisposable {
  home: string
  server: Server
  behind: ScriptedApi
  api: SkeinApi
  closed(): boolean
}

async function running(options: Partial<ServeOptions> = {}): Promise<Running> {
  const folder = await temporaryFolder('serve')
  const behind = createScriptedApi(folder.path, '1')
  let closed = false
  const server = await serve({
    home: folder.path,
    version: '1',
    open: async () => ({
      api: behind,
      busy: () => behind.running > 0,
      close: async () => {
        closed = true
      },
    }),
    ...options,
  })
  const api = createHttpClient({ socketPath: server.socketPath })
  return {
    home: folder.path,
    server,
    behind,
    api,
    closed: () => closed,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

interface Answer {
  status: number
  body: string
}

function post(server: Server, path: string, body: string, headers: Record<string, string> = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({
      socketPath: server.socketPath,
      method: 'POST',
      path,
      headers: { host: 'skein', ...headers },
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.on('data', (bytes: Buffer) => {
        text += bytes.toString()
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    sent.end(body)
  })
}

/** The answer to a request whose body is never sent. */
function refusal(server: Server, path: string, headers: Record<string, string>) {
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({
      socketPath: server.socketPath,
      method: 'POST',
      path,
      headers: { host: 'skein', ...headers },
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      resolve({ status: response.statusCode ?? 0, body: '' })
      sent.destroy()
    })
    sent.flushHeaders()
  })
}

describe('a request', () => {
  it('is answered with what the API answers', async () => {
    await using run = await running()
    const project = await run.api.call('projects.open', { key: 'k1', path: '/a "path"\n' })
    expect(project).toMatchObject({ id: 'k1', path: '/a "path"\n' })
  })

  it('that breaks the schema is refused before the API sees it, with the place of each mistake', async () => {
    await using run = await running()
    const answer = await post(run.server, '/v1/projects.open', '{"path": 7}')
    expect(answer.status).toBe(400)
    const error = JSON.parse(answer.body)
    expect(error.code).toBe('invalid')
    expect(error.message).toMatch(/^projects\.open: key: .*; path: .*expected string/)
    expect(run.behind.seen.calls).toEqual([])
  })

  it('that is not JSON, or has an unknown method or address, gets an error of our own form', async () => {
    await using run = await running()
    expect(await post(run.server, '/v1/projects.open', '{')).toMatchObject({ status: 400 })
    for (const path of ['/v1/toString', '/v1/nothing.here', '/', '/v1/projects.open/x']) {
      const answer = await post(run.server, path, '{}')
      expect([path, answer.status, JSON.parse(answer.body).code]).toEqual([path, 404, 'not_found'])
    }
  })

  it('that fails carries the whole error to the caller', async () => {
    await using run = await running()
    const call = run.api.call('workspaces.remove', { key: 'k', workspaceId: 'w1' })
    await expect(call).rejects.toMatchObject({
      name: 'SkeinError',
      code: 'needs_confirmation',
      message: 'removing w1: two files are nowhere else',
      next: 'Repeat with confirm.',
      details: { files: ['a', 'b'] },
    })
    expect((await post(run.server, '/v1/workspaces.remove', '{"key":"k","workspaceId":"w1"}')).status).toBe(409)
  })

  it('that meets a defect is answered with `internal`, and the defect is in the log', async () => {
    await using run = await running()
    await expect(run.api.call('projects.list', {})).rejects.toMatchObject({ code: 'internal' })
    expect(readFileSync(join(run.home, 'logs', 'server.log'), 'utf8')).toContain('this is a defect')
  })

  it('of 40 MB arrives whole, one of more than 64 MiB is refused', async () => {
    await using run = await running()
    const path = 'x'.repeat(40_000_000)
    expect((await run.api.call('projects.open', { key: 'k', path })).path.length).toBe(path.length)
    const large = run.api.call('projects.open', { key: 'k', path: 'x'.repeat(MAX_REQUEST) })
    await expect(large).rejects.toMatchObject({ code: 'invalid' })
    const announced = { 'content-length': `${MAX_REQUEST + 1}` }
    expect(await refusal(run.server, '/v1/projects.open', announced)).toMatchObject({ status: 413 })
    expect(run.behind.seen.calls).toEqual(['projects.open'])
  })

  it('from a browser, or for another host, is refused', async () => {
    await using run = await running()
    const fromPage = await post(run.server, '/v1/server.info', '{}', { origin: 'http://localhost' })
    expect(fromPage.status).toBe(403)
    const elsewhere = await post(run.server, '/v1/server.info', '{}', { host: 'evil.example' })
    expect(elsewhere.status).toBe(403)
    expect(run.behind.seen.calls).toEqual([])
    expect((await post(run.server, '/v1/server.info', '{}', { host: 'localhost:80' })).status).toBe(200)
  })

  it('leaves its name, status and time in the log, and nothing of what it said', async () => {
    await using run = await running()
    await run.api.call('projects.open', { key: 'k', path: '/canary-in-params' })
    await post(run.server, '/v1/canary-in-path?canary-in-query', 'canary-in-body')
    const log = join(run.home, 'logs', 'server.log')
    const lines = await waitUntil(
      () => {
        const written = readFileSync(log, 'utf8').trim().split('\n')
        return written.length >= 3 && written.map((line) => JSON.parse(line))
      },
      { what: 'three lines in the log' },
    )
    expect(lines[1]).toMatchObject({ method: 'projects.open', status: 200, ms: expect.any(Number) })
    expect(lines[2]).toMatchObject({ method: '(unknown)', status: 404 })
    expect(readFileSync(log, 'utf8')).not.toContain('canary')
    expect(statSync(log).mode & 0o777).toBe(0o600)
  })

  it('whose caller stops waiting is cancelled for the API too', async () => {
    await using run = await running()
    const patience = new AbortController()
    const call = run.api.call('projects.open', { key: 'k', path: ENDLESS_PATH }, patience.signal)
    await waitUntil(() => run.behind.seen.calls.length === 1, { what: 'the call to arrive' })
    patience.abort()
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    await waitUntil(() => run.behind.seen.ended.includes('projects.open'), { what: 'the API to be told' })
  })
})

describe('a subscription', () => {
  it('yields items in order and ends for the API when the reader leaves the loop', async () => {
    await using run = await running()
    const seqs: number[] = []
    for await (const item of run.api.subscribe('sessions.follow', { sessionId: 's', after: 4 })) {
      if (item.type === 'event') seqs.push(item.envelope.seq)
      if (seqs.length === 50) break
    }
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, index) => index + 5))
    await waitUntil(() => run.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
  })

  it('ends without an error when its signal is aborted, also while nothing comes', async () => {
    await using run = await running()
    const patience = new AbortController()
    const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' }, patience.signal)
    const types: string[] = []
    for await (const item of items) {
      types.push(item.type)
      setTimeout(() => patience.abort(), 20)
    }
    expect(types).toEqual(['live'])
    await waitUntil(() => run.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
  })

  it('can be ended by `return()` while its reader waits', async () => {
    await using run = await running()
    const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
    expect((await items.next()).value).toMatchObject({ type: 'live' })
    const waiting = items.next()
    await items.return?.()
    expect(await waiting).toMatchObject({ done: true })
    await waitUntil(() => run.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
  })

  it('throws the error that the API ends it with', async () => {
    await using run = await running()
    const items = run.api.subscribe('sessions.follow', { sessionId: 'none' })[Symbol.asyncIterator]()
    await expect(items.next()).rejects.toMatchObject({ code: 'not_found', message: 'there is no session none' })
  })

  it('of a quiet session is kept alive by heartbeats', async () => {
    await using run = await running({ heartbeatMs: 20 })
    await using api = createHttpClient({ socketPath: run.server.socketPath }, { silenceMs: 400 })
    const items = api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
    await items.next()
    const waited = Promise.race([items.next(), new Promise((resolve) => setTimeout(resolve, 1_500, 'still there'))])
    expect(await waited).toBe('still there')
    await items.return?.()
  })

  it('is made no faster than its reader takes it', async () => {
    await using run = await running()
    const socket = createConnection(run.server.socketPath)
    const body = '{"workspaceId":"w"}'
    socket.write(`POST /v1/workspaces.log HTTP/1.1\r\nhost: skein\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    // Until nothing more is produced: what is on its way then is all that a reader who does not read costs.
    const settled = await waitUntil(
      async () => {
        const before = run.behind.seen.produced
        await new Promise((resolve) => setTimeout(resolve, 300))
        return before > 0 && before === run.behind.seen.produced && before
      },
      { what: 'the producer to rest' },
    )
    expect(settled).toBeLessThan(100)
    let read = 0
    socket.on('data', (bytes) => {
      read += bytes.length
    })
    await waitUntil(() => run.behind.seen.produced > settled + 100, { what: 'the producer to go on' })
    expect(read).toBeGreaterThan(100 * 64 * 1024)
    socket.destroy()
    await waitUntil(() => run.behind.seen.ended.includes('workspaces.log'), { what: 'the subscription to end' })
  })
})

describe('a server', () => {
  it('lets only its owner in: home and logs 0700, socket, lock and record 0600', async () => {
    await using run = await running()
    const mode = (path: string) => (statSync(join(run.home, path)).mode & 0o777).toString(8)
    expect([mode('.'), mode('logs')]).toEqual(['700', '700'])
    expect([mode('server.sock'), mode('server.lock'), mode('server.json')]).toEqual(['600', '600', '600'])
    expect(JSON.parse(readFileSync(join(run.home, 'server.json'), 'utf8'))).toMatchObject({
      pid: process.pid,
      version: '1',
      socket: run.server.socketPath,
    })
  })

  it('ends by itself when nobody is connected and nothing goes on', async () => {
    await using run = await running({ idleExitMs: 200 })
    run.behind.running = 1
    await run.api.call('server.info', {})
    await run.api[Symbol.asyncDispose]()
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(run.closed()).toBe(false)
    run.behind.running = 0
    expect(await run.server.stopped).toBe('idle')
    expect(run.closed()).toBe(true)
    expect(() => statSync(run.server.socketPath)).toThrow('ENOENT')
  })

  it('stays while somebody is connected', async () => {
    await using run = await running({ idleExitMs: 100 })
    const items = run.api.subscribe('sessions.follow', { sessionId: 'silent' })[Symbol.asyncIterator]()
    await items.next()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(run.closed()).toBe(false)
    await items.return?.()
    expect(await run.server.stopped).toBe('idle')
  })

  it('ends when its socket was removed, because nobody could reach it again', async () => {
    await using run = await running({ idleExitMs: 1_000 })
    run.behind.running = 1
    rmSync(run.server.socketPath)
    expect(await run.server.stopped).toBe('socket_gone')
  })

  it('that is asked to stop answers, ends subscriptions so that clients connect again, and closes what it serves', async () => {
    await using run = await running()
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

  it('lets requests that run go on for a while when it stops, then cuts them', async () => {
    await using run = await running({ drainMs: 100 })
    const call = run.api.call('projects.open', { key: 'k', path: ENDLESS_PATH })
    await waitUntil(() => run.behind.seen.calls.length === 1, { what: 'the call to arrive' })
    const cut = expect(call).rejects.toMatchObject({ code: 'unavailable', details: { connection: 'lost' } })
    await run.server.stop('signal')
    await cut
  })

  it('gives everything back when it cannot start', async () => {
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

  it('listens in the temporary folder when its home has a long path', async () => {
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
})
