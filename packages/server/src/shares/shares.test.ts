import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiParams, Change, Share } from '@skein/protocol'
import { waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type DevServer, devServer } from '../fixtures/dev-server.ts'
import { type LoopTunnels, loopTunnels } from '../fixtures/loop-tunnel.ts'
import { type AskOptions, askAt, cookieOf, type WebServer, webServer } from '../fixtures/web-server.ts'

let dev: DevServer
let loop: LoopTunnels
let web: WebServer

beforeAll(async () => {
  dev = await devServer()
  loop = loopTunnels()
  web = await webServer({}, { openPort: dev.openPort, tunnels: loop.tunnels })
})
afterAll(async () => {
  await web?.[Symbol.asyncDispose]()
  await loop?.[Symbol.asyncDispose]()
  await dev?.[Symbol.asyncDispose]()
})

const share = (more: Partial<ApiParams<'shares.create'>> = {}) =>
  web.api.call('shares.create', { key: randomUUID(), workspaceId: 'w1', port: dev.port, ...more })
const shares = () => web.api.call('shares.list', {})
const revoke = (shareId: string) => web.api.call('shares.revoke', { key: randomUUID(), shareId })

/** A request as the tunnel brings it. */
function visit(url: string | undefined, { headers = {}, ...options }: AskOptions = {}) {
  const { hostname, port, pathname, search } = new URL(url ?? '')
  const host = `${hostname}:${port}`
  return askAt({ host: '127.0.0.1', port }, pathname + search, { ...options, headers: { host, ...headers } })
}

/** Comes by the link; answers the origin and the cookie. */
async function come({ url }: Share, headers: Record<string, string> = {}) {
  const answer = await visit(url, { headers })
  expect(answer.status, answer.body).toBe(303)
  const { origin } = new URL(url ?? '')
  return { origin, cookie: cookieOf(answer), location: answer.headers.location, answer }
}

const page = (cookie: string, more: Record<string, string> = {}) => ({
  headers: { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate', ...more },
})

describe('a share', () => {
  it('is exchanged for a cookie of its own host, leads to a clean address, and shows what the workspace serves', async () => {
    const made = await share({ path: '/start?a=1', note: 'for Ada' })
    expect(made).toMatchObject({ via: 'loop', state: 'open', note: 'for Ada', seen: 0, port: dev.port })
    expect(made.expiresAt - made.createdAt).toBe(3_600_000)
    expect(made.url).toMatch(/^http:\/\/share-\d+\.localhost:\d+\/__skein\/share\/[\w-]{43}$/)
    const { origin, cookie, location, answer } = await come(made)
    expect(location).toBe('/start?a=1')
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^skein-share=[\w-]{43}; Path=\/; Max-Age=3\d{3}; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(answer.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
    const shown = await visit(`${origin}/start?a=1`, page(`mine=1; ${cookie}`))
    expect([shown.status, shown.body]).toEqual([200, '<!doctype html><h1>The preview</h1>'])
    expect(shown.headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow, noarchive',
      'cache-control': 'private',
    })
    expect(dev.requests.at(-1)).toMatchObject({
      url: '/start?a=1',
      headers: { host: `localhost:${dev.port}`, cookie: 'mine=1', 'x-forwarded-host': new URL(origin).host },
    })
    const moved = await visit(`${origin}/login`, { headers: { cookie } })
    expect([moved.status, moved.headers.location]).toEqual([302, `${origin}/home?x=1`])
    expect(moved.headers['set-cookie']).toEqual(['id=1; Path=/; SameSite=Lax; HttpOnly', 'other=2; Secure'])
    await revoke(made.id)
  })

  it('carries WebSockets, and tells who came: how often, from how many addresses, and what they saw', async () => {
    const made = await share()
    const { origin, cookie } = await come(made)
    const socket = new WebSocket(origin.replace('http', 'ws').replace(/\/\/[^:]+/, '//127.0.0.1'), {
      headers: { host: new URL(origin).host, cookie, origin },
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const said: string[] = []
    socket.on('message', (data) => said.push(String(data)))
    socket.send('hello')
    await waitUntil(() => said.includes('echo hello'), { what: 'the echo' })
    await visit(`${origin}/a?secret=1`, page(cookie, { 'x-visitor': '192.0.2.1' }))
    await visit(`${origin}/b`, page(cookie, { 'x-visitor': '10.0.0.1, 192.0.2.2' }))
    await visit(`${origin}/c`, page(cookie, { 'x-visitor': '192.0.2.1' }))
    await visit(`${origin}/part.js`, { headers: { cookie, 'x-visitor': '192.0.2.9' } })
    const now = (await shares()).find(({ id }) => id === made.id)
    expect(now).toMatchObject({ seen: 3, addresses: 2 })
    expect(await web.api.call('shares.visits', { shareId: made.id })).toMatchObject([
      { path: '/c', address: '192.0.2.1' },
      { path: '/b', address: '192.0.2.2' },
      { path: '/a', address: '192.0.2.1' },
    ])
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await revoke(made.id)
    await closed
    const log = readFileSync(join(web.home, 'logs', 'shares.log'), 'utf8')
    expect(log).toContain('"path":"/part.js"')
    expect(log).not.toMatch(/secret/)
    for (const text of [log, web.log()]) expect(text).not.toContain(made.url?.split('/').at(-1))
  })

  it('is open to nobody without its link: not with a wrong one, another host, from another page, nor as the API', async () => {
    const [made, other] = [await share(), await share()]
    const { origin, cookie } = await come(made)
    const elsewhere = await come(other)
    const calls = web.behind.seen.calls.length
    const token = made.url?.split('/').at(-1) ?? ''
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    }
    const status = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      (await visit(`${origin}${path}`, { headers, method })).status
    expect(await status('/')).toBe(401)
    expect(await status('/', { cookie: 'skein-share=wrong' })).toBe(401)
    expect(await status('/', { cookie: `skein-share=${token}` })).toBe(401)
    expect(await status('/', { cookie: elsewhere.cookie })).toBe(401)
    expect(await status('/', { cookie: await web.signIn() })).toBe(401)
    expect(await status(`/__skein/share/${cookie.split('=')[1]}`)).toBe(401)
    expect(await status(`/__skein/share/${token}`, {}, 'POST')).toBe(401)
    expect(await status(`/__skein/share/${token}`, upgrade)).toBe(403)
    for (const host of ['evil.example', '127.0.0.1', 'localhost', new URL(elsewhere.origin).host])
      expect(await status('/', { cookie, host })).toBe(421)
    for (const from of ['http://evil.example', web.origin, elsewhere.origin, 'null']) {
      expect(await status('/', { cookie, origin: from })).toBe(403)
      expect(await status('/', { cookie, origin: from, ...upgrade })).toBe(403)
    }
    expect(await status('/', { cookie, ...upgrade })).toBe(403)
    expect(await status('/', { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403)
    // Whatever the path, what answers is the workspace's server, and only with the cookie.
    for (const path of ['/v1/server.info', '/openapi.json', '/v1/socket', '/__skein/open?token=x', '/open?token=x']) {
      expect(await status(path, { authorization: `Bearer ${web.token}` })).toBe(401)
      expect((await visit(`${origin}${path}`, { headers: { cookie } })).body).toContain('The preview')
    }
    // Neither do the app and its previews know anything of shares.
    const atApp = { headers: { cookie, host: web.host } }
    expect((await web.ask(`/__skein/share/${token}`, atApp)).status).toBe(401)
    expect((await web.ask('/', { headers: { cookie, host: new URL(origin).host } })).status).toBe(421)
    expect(web.behind.seen.calls.filter((method) => method !== 'workspaces.get')).toHaveLength(
      web.behind.seen.calls.slice(0, calls).filter((method) => method !== 'workspaces.get').length,
    )
    for (let wrong = 0; wrong < 25; wrong++) await status('/__skein/share/guess')
    expect(await status('/__skein/share/guess')).toBe(429)
    expect(await status('/', { cookie })).toBe(200)
    await Promise.all([made, other].map(({ id }) => revoke(id)))
  })

  it('that was revoked is refused at once, and nothing of its tunnel is left', async () => {
    const before = loop.open.size
    const made = await share()
    const { origin, cookie } = await come(made)
    expect(loop.open.size).toBe(before + 1)
    const changes: Change[] = []
    const stop = new AbortController()
    const following = (async () => {
      for await (const change of web.api.subscribe('changes', {}, stop.signal)) changes.push(change)
    })().catch(() => undefined)
    await waitUntil(() => changes.some(({ type }) => type === 'ready'), { what: 'the changes' })
    expect(changes.filter((change) => change.type === 'share' && change.share.id === made.id)).toHaveLength(1)
    expect(await revoke(made.id)).toEqual({ revoked: true })
    expect(await revoke(made.id)).toEqual({ revoked: false })
    expect(loop.open.size).toBe(before)
    await expect(visit(origin, { headers: { cookie } })).rejects.toThrow(/ECONNREFUSED/)
    await waitUntil(() => changes.some((change) => change.type === 'share_gone' && change.shareId === made.id), {
      what: 'the news',
    })
    stop.abort()
    await following
    expect((await shares()).map(({ id }) => id)).not.toContain(made.id)
  })

  it('ends by itself when its time is over, and cuts who is connected', async () => {
    const made = await share({ expiresInMs: 1500 })
    const { origin, cookie } = await come(made)
    const socket = new WebSocket(origin.replace('http', 'ws').replace(/\/\/[^:]+/, '//127.0.0.1'), {
      headers: { host: new URL(origin).host, cookie, origin },
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(Date.now()).toBeGreaterThanOrEqual(made.expiresAt)
    await waitUntil(async () => (await shares()).every(({ id }) => id !== made.id), { what: 'it to be gone' })
    await expect(visit(made.url)).rejects.toThrow()
  })

  it('is made once for a key, and not at all where its tunnel does not open', async () => {
    const key = randomUUID()
    const [one, two] = await Promise.all([share({ key }), share({ key })])
    const three = await share({ key })
    expect([two.id, three.id, two.url, three.url]).toEqual([one.id, one.id, one.url, one.url])
    await revoke(one.id)
    const configure = (settings: Record<string, unknown>) =>
      web.api.call('shares.configureWay', { key: randomUUID(), kind: 'loop', settings })
    await configure({ broken: 'true' })
    await expect(share()).rejects.toThrow('this tunnel does not open')
    await expect(configure({ colour: 'red' })).rejects.toMatchObject({ code: 'invalid' })
    expect((await configure({ broken: null })).values).toEqual({ port: 0 })
    await expect(share({ via: 'pigeon' })).rejects.toMatchObject({ code: 'invalid', next: 'Use one of: loop.' })
    expect(await shares()).toEqual([])
    expect(loop.open.size).toBe(0)
  })

  it('stays where the removal of its workspace is refused', async () => {
    const made = await share({ workspaceId: 'w2' })
    await expect(web.api.call('workspaces.remove', { key: 'k', workspaceId: 'w2' })).rejects.toThrow()
    expect((await shares()).map(({ id }) => id)).toEqual([made.id])
    await revoke(made.id)
  })

  it('shows a calm page that tries again where nothing answers', async () => {
    const gone = await devServer()
    await gone[Symbol.asyncDispose]()
    const made = await share({ port: gone.port })
    const { origin, cookie } = await come(made)
    const answer = await visit(origin, page(cookie))
    expect([answer.status, answer.headers['retry-after']]).toEqual([502, '2'])
    expect(answer.body).toMatch(/http-equiv="refresh"[\s\S]*does not answer at the moment/)
    await revoke(made.id)
  })
})

describe('a share and its server', () => {
  it('after a restart it is closed; opened again it has a new link, and the old one works where the address is kept', async () => {
    await using tunnels = loopTunnels({ keepsUrl: true })
    await using web = await webServer({}, { openPort: dev.openPort, tunnels: tunnels.tunnels })
    const made = await web.api.call('shares.create', {
      key: 'k',
      workspaceId: 'w1',
      port: dev.port,
      hostname: 'shown.localhost',
    })
    const { cookie } = await come(made)
    const port = Number(new URL(made.url ?? '').port)
    const file = join(web.home, 'shares.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const secret of [made.url?.split('/').at(-1) ?? '', cookie.split('=')[1] ?? ''])
      expect(readFileSync(file, 'utf8')).not.toContain(secret)
    await web.api.call('shares.configureWay', { key: 'c', kind: 'loop', settings: { port } })
    await web.server.stop('signal')
    expect(tunnels.open.size).toBe(0)
    await using _again = await web.startAgain()
    const [closed] = await web.api.call('shares.list', {})
    expect(closed).toMatchObject({ id: made.id, state: 'closed', expiresAt: made.expiresAt })
    expect(closed?.url).toBeUndefined()
    await expect(visit(made.url)).rejects.toThrow(/ECONNREFUSED/)
    const opened = await web.api.call('shares.open', { key: 'o', shareId: made.id })
    expect(opened.state).toBe('open')
    expect(opened.url).not.toBe(made.url)
    expect((await visit(opened.url)).status).toBe(303)
    expect((await visit(made.url)).status).toBe(303)
    expect((await visit(`http://shown.localhost:${port}/`, { headers: { cookie } })).status).toBe(200)
  })

  it('whose tunnel ends is told; one that keeps its address is opened again by itself', async () => {
    await using tunnels = loopTunnels({ keepsUrl: true })
    await using web = await webServer({}, { openPort: dev.openPort, tunnels: tunnels.tunnels })
    const states: string[] = []
    const stop = new AbortController()
    const made = await web.api.call('shares.create', { key: 'k', workspaceId: 'w1', port: dev.port })
    const following = (async () => {
      for await (const change of web.api.subscribe('changes', {}, stop.signal))
        if (change.type === 'share') states.push(`${change.share.state}: ${change.share.because}`)
    })().catch(() => undefined)
    await waitUntil(() => states.length === 1, { what: 'the share' })
    tunnels.fall()
    await waitUntil(() => states.at(-1)?.startsWith('open') && states.length >= 3, {
      what: 'it to be open again',
      explain: () => states,
    })
    expect(states[1]).toBe('closed: its tunnel has ended: the network is gone')
    const [again] = await web.api.call('shares.list', {})
    expect((await visit(again?.url)).status).toBe(303)
    expect(again?.url?.split('/').at(-1)).toBe(made.url?.split('/').at(-1))
    stop.abort()
    await following
  })
})
