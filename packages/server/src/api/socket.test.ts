import { type FollowItem, SocketClose } from '@skein/protocol'
import { type ConnectionState, connectBrowser, createSocketClient } from '@skein/protocol/browser'
import { waitUntil } from '@skein/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ENDLESS_PATH } from '../fixtures/scripted-api.ts'
import { type WebServer, webServer } from '../fixtures/web-server.ts'

const releases: (() => unknown)[] = []
afterEach(async () => {
  for (let release = releases.pop(); release; release = releases.pop()) await release()
})

const opening = (web: WebServer, cookie: string) => (url: string) =>
  new WebSocket(url, { headers: { cookie, origin: web.origin } })

async function connected(
  options: { credits?: number; silenceMs?: number } = {},
  serving: { heartbeatMs?: number } = {},
) {
  const web = await webServer({}, serving)
  releases.push(() => web[Symbol.asyncDispose]())
  const open = opening(web, await web.signIn())
  const client = createSocketClient(`ws://${web.host}/v1/socket`, { open, ...options })
  releases.push(() => client[Symbol.asyncDispose]())
  await client.opened
  return { web, client, open }
}

describe('over one socket', () => {
  it('calls are answered, each for itself, whatever their order', async () => {
    const { client } = await connected()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => client.call('projects.open', { key: `k${n}`, path: `/${n}` })),
    )
    expect(answers.map(({ path }) => path)).toEqual(Array.from({ length: 50 }, (_, n) => `/${n}`))
  })

  it('errors keep code, remedy and details, and an unknown method is one', async () => {
    const { client } = await connected()
    await expect(client.call('workspaces.remove', { key: 'k', workspaceId: 'w1' })).rejects.toMatchObject({
      name: 'SkeinError',
      code: 'needs_confirmation',
      next: 'Repeat with confirm.',
      details: { files: ['a', 'b'] },
    })
    await expect(client.call('projects.open', { key: 'k', path: 7 as never })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(client.call('no.such' as never, {} as never)).rejects.toMatchObject({ code: 'not_found' })
    await expect(client.call('changes' as never, {} as never)).rejects.toMatchObject({ code: 'invalid' })
  })

  it('a call that is aborted is cancelled at both ends', async () => {
    const { web, client } = await connected()
    const patience = new AbortController()
    const call = client.call('projects.open', { key: 'k', path: ENDLESS_PATH }, patience.signal)
    await waitUntil(() => web.behind.seen.calls.includes('projects.open'), { what: 'the call to arrive' })
    patience.abort()
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    await waitUntil(() => web.behind.seen.ended.includes('projects.open'), { what: 'the API to be told' })
  })

  it('a subscription has all its items in order, and ends for the API when its reader leaves', async () => {
    const { web, client } = await connected({ credits: 4 })
    const seqs: number[] = []
    for await (const item of client.subscribe('sessions.follow', { sessionId: 's', after: 10 })) {
      if (item.type === 'event') seqs.push(item.envelope.seq)
      if (seqs.length === 30) break
    }
    expect(seqs).toEqual(Array.from({ length: 30 }, (_, n) => n + 11))
    await waitUntil(() => web.behind.seen.ended.includes('sessions.follow'), { what: 'the subscription to end' })
    await expect(
      client.subscribe('sessions.follow', { sessionId: 'none' })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ code: 'not_found' })
  })

  it('a reader that takes nothing gets no more than its credit, and stalls nobody else', async () => {
    const { web, client } = await connected({ credits: 8 })
    const slow = client.subscribe('workspaces.log', { workspaceId: 'w' })[Symbol.asyncIterator]()
    await slow.next()
    const seen: FollowItem[] = []
    for await (const item of client.subscribe('sessions.follow', { sessionId: 's' })) {
      seen.push(item)
      if (seen.length === 100) break
    }
    // One more is held ready, and the reader's first item gave no credit back yet.
    expect(web.behind.seen.produced).toBeLessThanOrEqual(8 + 2)
    for (let n = 0; n < 100; n++) expect((await slow.next()).done).toBe(false)
    await slow.return?.()
  })
})

describe('the connection', () => {
  it('ends where a frame is too large, is no frame, or takes an id again; the server serves on', async () => {
    const { web, open } = await connected()
    for (const [frames, code] of [
      [['not json'], SocketClose.broken],
      [['{"id":1}'], SocketClose.broken],
      [[Buffer.from([1, 2, 3])], SocketClose.broken],
      [[1, 1].map((id) => JSON.stringify({ id, subscribe: 'changes', params: {}, credits: 1 })), SocketClose.broken],
      [[`{"id":1,"call":"${'x'.repeat(65 * 1024 * 1024)}"}`], 1009],
    ] as const) {
      const socket = open(`ws://${web.host}/v1/socket`)
      await new Promise((resolve) => socket.once('open', resolve))
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      for (const frame of frames) socket.send(frame)
      expect(await closed).toBe(code)
    }
    expect(await web.api.call('server.info', {})).toMatchObject({ version: '1' })
  })

  it('that nobody answers at the other end is given up by the server', async () => {
    const { web, open } = await connected({}, { heartbeatMs: 50 })
    const socket = new WebSocket(`ws://${web.host}/v1/socket`, {
      headers: { cookie: await web.signIn(), origin: web.origin },
      autoPong: false,
    })
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1006)
    const living = open(`ws://${web.host}/v1/socket`)
    let pings = 0
    living.on('ping', () => pings++)
    await waitUntil(() => pings > 4, { what: 'five pings' })
    expect(living.readyState).toBe(WebSocket.OPEN)
    living.terminate()
  })

  it('on which nothing is heard of the server is lost to the client', async () => {
    const { client } = await connected({ silenceMs: 100 }, { heartbeatMs: 60_000 })
    // It answers beats as long as it lives.
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await client.call('asks.list', {})).toEqual([])
  })

  it('of a browser that is signed out ends, and says so', async () => {
    const { web, client } = await connected()
    await web.api.call('server.signOut', { key: 'k' })
    expect(await client.closed).toMatchObject({ signedOut: true })
  })
})

describe('a page', () => {
  it('goes on by itself when the server was stopped and started again: nothing is lost, nothing comes twice', async () => {
    const first = await webServer()
    const states: ConnectionState['status'][] = []
    const cookie = await first.signIn()
    const page = connectBrowser({
      url: first.origin,
      open: opening(first, cookie),
      onState: ({ status }) => states.push(status),
      isSignedIn: async () => true,
    })
    releases.push(() => page[Symbol.asyncDispose]())
    const seqs: number[] = []
    let server = first.server
    for await (const item of page.subscribe('sessions.follow', { sessionId: 's' })) {
      if (item.type === 'event') seqs.push(item.envelope.seq)
      if (seqs.length === 40 || seqs.length === 80) {
        await server.stop('signal')
        expect(page.state.status).not.toBe('connecting')
        server = await first.startAgain()
      }
      if (seqs.length === 120) break
    }
    releases.unshift(
      () => server[Symbol.asyncDispose](),
      () => first[Symbol.asyncDispose](),
    )
    expect(seqs).toEqual(Array.from({ length: 120 }, (_, n) => n + 1))
    expect(page.state.status).toBe('open')
    expect(states[0]).toBe('connecting')
    expect(states.filter((status) => status === 'open')).toHaveLength(3)
    expect(states).toContain('lost')
  })

  it('that is signed out says so instead of trying for ever', async () => {
    const web = await webServer()
    releases.push(() => web[Symbol.asyncDispose]())
    const states: ConnectionState[] = []
    const page = connectBrowser({
      url: web.origin,
      open: opening(web, 'skein=none'),
      onState: (state) => states.push(state),
      backoffMs: 10,
    })
    releases.push(() => page[Symbol.asyncDispose]())
    await waitUntil(() => page.state.status === 'signed_out', { what: 'the page to know' })
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'signed_out'])
  })
})

it('of 50 sessions that stream at once every line reaches the page soon', async () => {
  const { web, client } = await connected()
  const lines = 40
  web.behind.subscribe = (_method, params) =>
    (async function* () {
      for (let n = 0; n < lines; n++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        const event = { type: 'raw', line: 'x'.repeat(200) }
        yield {
          type: 'event',
          envelope: { v: 1, seq: n, at: performance.now(), event, ...(params as object) },
        } as never
      }
    })()
  const latencies: number[] = []
  await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      for await (const item of client.subscribe('sessions.follow', { sessionId: `s${n}` }))
        if (item.type === 'event') latencies.push(performance.now() - item.envelope.at)
    }),
  )
  expect(latencies).toHaveLength(50 * lines)
  latencies.sort((a, b) => a - b)
  console.info(`line to page, 50 at once: median ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  function at(part: number): string {
    return (latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(1)
  }
})
