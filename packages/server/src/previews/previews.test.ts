import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type DevServer, devServer, LARGE_HASH } from '../fixtures/dev-server.ts'
import { type AskOptions, cookieOf, type WebServer, webServer } from '../fixtures/web-server.ts'

let dev: DevServer
let web: WebServer
let cookie: string
/** `p-….localhost:<port>` */
let host: string
let previewCookie: string

beforeAll(async () => {
  dev = await devServer()
  web = await webServer({}, { openPort: dev.openPort })
  cookie = await web.signIn()
  const { url } = await openPreview('/start?a=1')
  host = new URL(url).host
  const answer = await web.ask(new URL(url).pathname + new URL(url).search, { headers: { host } })
  expect([answer.status, answer.headers.location]).toEqual([303, '/start?a=1'])
  previewCookie = cookieOf(answer)
})
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await dev[Symbol.asyncDispose]()
})

async function openPreview(path = '/', port = dev.port): Promise<{ url: string }> {
  const { body } = await web.ask('/v1/previews.open', {
    method: 'POST',
    headers: { cookie, origin: web.origin },
    body: JSON.stringify({ key: 'k', workspaceId: 'w1', port, path }),
  })
  return JSON.parse(body)
}

const ask = (path: string, { headers = {}, ...options }: AskOptions = {}) =>
  web.ask(path, { ...options, headers: { host, cookie: previewCookie, ...headers } })

describe('a preview', () => {
  it('has an origin of its own, which stays the same for a port of a workspace', async () => {
    expect(host).toMatch(new RegExp(`^p-[0-9a-f]{32}\\.localhost:${web.port}$`))
    expect(new URL((await openPreview()).url).host).toBe(host)
    expect(new URL((await openPreview('/', 1)).url).host).not.toBe(host)
  })

  it('shows what the workspace’s server answers, as if it had been asked at localhost, and tells it nothing of ours', async () => {
    const answer = await ask('/page?x=1', {
      headers: {
        cookie: `mine=1; ${previewCookie}; ${cookie}; theirs=2`,
        authorization: `Bearer ${web.token}`,
        referer: `http://${host}/before`,
        origin: `http://${host}`,
      },
      method: 'POST',
      body: 'hello',
    })
    expect([answer.status, answer.body]).toEqual([200, '<!doctype html><h1>The preview</h1>'])
    const seen = dev.requests.at(-1)
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/page?x=1',
      body: 'hello',
      headers: {
        host: `localhost:${dev.port}`,
        origin: `http://localhost:${dev.port}`,
        referer: `http://localhost:${dev.port}/before`,
        cookie: 'mine=1; theirs=2',
        'x-forwarded-host': host,
        'x-forwarded-proto': 'http',
      },
    })
    expect(seen?.headers.authorization).toBeUndefined()
    expect(JSON.stringify(dev.requests)).not.toContain(previewCookie.split('=')[1])
  })

  it('keeps redirects and cookies at its origin, and lets the app alone frame it', async () => {
    const { status, headers } = await ask('/login')
    expect([status, headers.location]).toEqual([302, `http://${host}/home?x=1`])
    expect(headers['set-cookie']).toEqual([
      'id=1; Path=/; HttpOnly; SameSite=None; Secure; Partitioned',
      'other=2; SameSite=None; Secure; Partitioned',
    ])
    expect(headers['x-frame-options']).toBeUndefined()
    const names = ['127.0.0.1', 'localhost', 'skein.localhost'].map((name) => `http://${name}:${web.port}`)
    expect(headers['content-security-policy']).toBe(`default-src 'self', frame-ancestors ${names.join(' ')}`)
  })

  it('passes large and partial answers on whole, and compressed ones as they are', async () => {
    const large = await ask('/large')
    expect(createHash('sha256').update(large.body).digest('hex')).toBe(LARGE_HASH)
    const part = await ask('/large', { headers: { range: 'bytes=10-14' } })
    expect([part.status, part.body, part.headers['content-range']]).toEqual([206, 'abcde', 'bytes 10-14/3000000'])
    expect((await ask('/gzip')).headers['content-encoding']).toBe('gzip')
  })

  it('streams events as they come, and ends at the workspace when the reader leaves', async () => {
    await new Promise<void>((resolve, reject) => {
      const headers = { host, cookie: previewCookie }
      const sent = request({ host: '127.0.0.1', port: web.port, path: '/events', headers, agent: false })
      sent.on('error', reject)
      sent.on('response', (response) => {
        response.on('error', () => {})
        response.once('data', (part: Buffer) => {
          expect(String(part)).toBe('data: first\n\n')
          sent.destroy()
          resolve()
        })
      })
      sent.end()
    })
    await waitUntil(() => dev.requests.some(({ method }) => method === 'gone'), { what: 'the reader to be gone' })
  })

  it('carries WebSockets both ways, so that hot reload works', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${web.port}/hmr?token=1`, 'vite-hmr', {
      headers: { host, cookie: previewCookie, origin: `http://${host}` },
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const said: string[] = []
    socket.on('message', (data) => said.push(String(data)))
    socket.send('hello')
    dev.say('update')
    await waitUntil(() => said.length === 2, { what: 'both messages' })
    expect(said.toSorted()).toEqual(['echo hello', 'update'])
    expect(dev.upgrades.at(-1)).toMatchObject({ host: `localhost:${dev.port}`, origin: `http://localhost:${dev.port}` })
    expect(dev.upgrades.at(-1)?.cookie).toBeUndefined()
    socket.close()
  })

  it('whose server does not answer shows a page that tries again, and programs get a plain 502', async () => {
    const free = await devServer()
    await free[Symbol.asyncDispose]()
    const { url } = await openPreview('/', free.port)
    const { pathname, search, host } = new URL(url)
    const cookie = cookieOf(await web.ask(pathname + search, { headers: { host } }))
    const page = await web.ask('/', { headers: { host, cookie, 'sec-fetch-mode': 'navigate' } })
    expect(page.status).toBe(502)
    expect(page.body).toContain(`Nothing answers on port ${free.port} yet`)
    expect(page.body).toContain('http-equiv="refresh"')
    expect((await web.ask('/api', { headers: { host, cookie } })).headers['content-type']).toMatch(/^text\/plain/)
  })

  it('is shown to the browser that opened it alone, and its link works once', async () => {
    const { url } = await openPreview()
    const { pathname, search } = new URL(url)
    const open = (at: string) => web.ask(pathname + search, { headers: { host: at } })
    expect((await web.ask('/', { headers: { host } })).status).toBe(401)
    expect((await web.ask('/', { headers: { host, cookie } })).status).toBe(401)
    expect((await web.ask('/', { headers: { host, cookie: 'skein-preview=wrong' } })).status).toBe(401)
    const other = new URL((await openPreview('/', 1)).url).host
    expect((await ask('/', { headers: { host: other } })).status).toBe(401)
    expect((await open(host)).headers['set-cookie']?.[0]).toMatch(
      /^skein-preview=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=None; Secure; Partitioned$/,
    )
    expect((await open(host)).status).toBe(401)
    const elsewhere = host.replace('.localhost', '.evil.example')
    expect((await ask('/', { headers: { host: elsewhere } })).status).toBe(421)
    for (const origin of ['http://evil.example', web.origin])
      expect((await ask('/', { headers: { origin } })).status).toBe(403)
  })

  it('has no way to the API: not by its own host, its own cookie, nor from its own pages', async () => {
    const calls = web.behind.seen.calls.length
    const post = { method: 'POST', body: '{}' }
    // At its own host it reaches the workspace's server, whatever the path.
    expect((await ask('/v1/server.info', { ...post, headers: { origin: `http://${host}` } })).body).toContain(
      'The preview',
    )
    const asPreview = { ...post, headers: { host: web.host, cookie: previewCookie, origin: `http://${host}` } }
    expect((await web.ask('/v1/server.info', asPreview)).status).toBe(403)
    const asItsPage = { ...post, headers: { cookie, origin: `http://${host}` } }
    expect((await web.ask('/v1/server.info', asItsPage)).status).toBe(403)
    const stolen = {
      ...post,
      headers: { cookie: cookie.replace(/=.*/, previewCookie.replace(/^.*=/, '=')), origin: web.origin },
    }
    expect((await web.ask('/v1/server.info', stolen)).status).toBe(401)
    expect(web.behind.seen.calls).toHaveLength(calls)
  })

  it('is shown no more to a browser that was signed out', async () => {
    const other = await web.signIn()
    const sign = { method: 'POST', headers: { cookie: other, origin: web.origin }, body: '{"key":"k"}' }
    expect((await web.ask('/v1/server.signOut', sign)).status).toBe(200)
    expect((await ask('/')).status).toBe(401)
  })

  it('leaves no secret in the log', () => {
    expect(web.log()).toContain('"method":"preview"')
    expect(web.log()).not.toMatch(/token=|hmr/)
    expect(web.log()).not.toContain(previewCookie.split('=')[1])
  })
})
