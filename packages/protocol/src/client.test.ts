import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { FollowItem, SkeinApi } from './api.ts'
import { type ClientOptions, connectionLoss } from './client.ts'
import { createHttpClient } from './client-node.ts'

const releases: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (let release = releases.pop(); release; release = releases.pop()) await release()
})

/** A client of a server that does what the test says. */
async function clientOf(handle: RequestListener, options?: ClientOptions) {
  const server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = (server.address() as AddressInfo).port
  const api = createHttpClient({ url: `http://127.0.0.1:${port}`, token: 'the-token' }, options)
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  releases.push(close, async () => api[Symbol.asyncDispose]())
  return { api, server, close }
}

function follow(api: SkeinApi): AsyncIterator<FollowItem> {
  return api.subscribe('sessions.follow', { sessionId: 's' })[Symbol.asyncIterator]()
}

const LIVE = '{"type":"live","seq":7}\n'

describe('a call', () => {
  it('carries the token, the method in the path and the parameters as JSON', async () => {
    const seen: unknown[] = []
    const { api } = await clientOf((request, response) => {
      let body = ''
      request.on('data', (bytes) => {
        body += bytes
      })
      request.on('end', () => {
        seen.push([request.method, request.url, request.headers.authorization, JSON.parse(body)])
        response.end('[]')
      })
    })
    expect(await api.call('asks.list', { all: true })).toEqual([])
    expect(seen).toEqual([['POST', '/v1/asks.list', 'Bearer the-token', { all: true }]])
  })

  it('that cannot connect says that nothing was sent', async () => {
    const { api, close } = await clientOf(() => {})
    await close()
    const error = await api.call('server.info', {}).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('cannot connect') })
    expect(connectionLoss(error)).toBe('failed')
  })

  it('whose connection breaks before or in the middle of the answer says that it was lost', async () => {
    const { api } = await clientOf((request, response) => {
      if (request.url === '/v1/server.info') return void request.socket.destroy()
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"beginning":', () => request.socket.destroy())
    })
    for (const method of ['server.info', 'asks.list'] as const) {
      const error = await api.call(method, {}).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('lost') })
      expect(connectionLoss(error)).toBe('lost')
    }
  })

  it('over a connection that the server had closed meanwhile is made over another one', async () => {
    const sockets = new Set<object>()
    const { api } = await clientOf((request, response) => {
      const known = sockets.has(request.socket)
      sockets.add(request.socket)
      // As a server that closes an idle connection just when the next request is on its way.
      if (known) request.socket.destroy()
      else response.end('[]')
    })
    for (let count = 0; count < 3; count++) expect(await api.call('asks.list', {})).toEqual([])
    expect(sockets.size).toBe(3)
  })

  it('that is aborted is `cancelled`, before and while it waits', async () => {
    const { api, server } = await clientOf(() => {})
    const patience = new AbortController()
    const call = api.call('server.info', {}, patience.signal)
    const cancelled = expect(call).rejects.toMatchObject({ code: 'cancelled' })
    await once(server, 'request')
    patience.abort()
    await cancelled
    await expect(api.call('server.info', {}, patience.signal)).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('that is answered by something else than a server of ours says what came', async () => {
    const { api } = await clientOf((_request, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'))
    await expect(api.call('server.info', {})).rejects.toMatchObject({
      code: 'internal',
      message: 'server.info: the server answered 502: <h1>Bad gateway</h1>',
    })
  })

  it('checks the result against its schema when it is told to', async () => {
    const { api } = await clientOf((_request, response) => response.end('[{"id":1}]'), { validate: true })
    await expect(api.call('asks.list', {})).rejects.toThrow(/expected string/)
  })
})

describe('a subscription', () => {
  it('reads lines whole, however the bytes are cut', async () => {
    const item = { type: 'event', envelope: { text: 'ünïcödé 😀 "quoted"\\n' } }
    const bytes = Buffer.from(`\n${JSON.stringify(item)}\n\n${LIVE}`)
    const { api } = await clientOf(async (_request, response) => {
      for (const byte of bytes) {
        response.write(Buffer.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
      response.end()
    })
    const items: unknown[] = []
    for await (const one of api.subscribe('sessions.follow', { sessionId: 's' })) items.push(one)
    expect(items).toEqual([item, { type: 'live', seq: 7 }])
  })

  it('whose connection breaks throws, and never passes half a line on', async () => {
    const { api } = await clientOf((request, response) => {
      response.write(`${LIVE}{"type":"live",`, () => request.socket.destroy())
    })
    const items = follow(api)
    expect((await items.next()).value).toEqual({ type: 'live', seq: 7 })
    const error = await items.next().catch((thrown: unknown) => thrown)
    expect(connectionLoss(error)).toBe('lost')
  })

  it('on which nothing comes, not even a heartbeat, is lost', async () => {
    const { api } = await clientOf((_request, response) => void response.write(LIVE), { silenceMs: 100 })
    const items = follow(api)
    await items.next()
    const error = await items.next().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringContaining('nothing was heard') })
    expect(connectionLoss(error)).toBe('lost')
  })

  it('is not lost because its reader is slow', async () => {
    const { api } = await clientOf((_request, response) => response.write(LIVE + LIVE), { silenceMs: 100 })
    const items = follow(api)
    await items.next()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await items.next()).value).toEqual({ type: 'live', seq: 7 })
    await items.return?.()
  })

  it('that is refused throws the error of the answer', async () => {
    const body = JSON.stringify({ code: 'not_found', message: 'there is no such session' })
    const { api } = await clientOf((_request, response) => response.writeHead(404).end(body))
    await expect(follow(api).next()).rejects.toMatchObject({ code: 'not_found' })
  })

  it('makes no request before it is read, and ends it when the reader leaves', async () => {
    let open = 0
    const { api } = await clientOf((_request, response) => {
      open++
      response.on('close', () => open--)
      response.write(LIVE)
    })
    const items = api.subscribe('sessions.follow', { sessionId: 's' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(open).toBe(0)
    for await (const _ of items) break
    while (open > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  })
})
