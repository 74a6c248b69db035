import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { apiMethods, MAX_REQUEST } from '@skein/protocol'
import { temporaryFolder } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AskOptions, askRaw, type WebServer, webServer } from './fixtures/web-server.ts'
import { serve } from './serve.ts'

let web: WebServer
let cookie: string
beforeAll(async () => {
  web = await webServer()
  cookie = await web.signIn()
})
afterAll(() => web[Symbol.asyncDispose]())

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}

/** Every door: each method each way, the files, the documents, the socket. */
const ROUTES: [name: string, path: string, options: AskOptions][] = [
  ...Object.entries(apiMethods).flatMap(([name, { kind }]): [string, string, AskOptions][] => [
    [`POST ${name}`, `/v1/${name}`, { method: 'POST', body: '{}' }],
    ...(kind === 'command' ? [] : ([[`GET ${name}`, `/v1/${name}`, {}]] as [string, string, AskOptions][])),
  ]),
  ['an unknown method', '/v1/no.such', { method: 'POST', body: '{}' }],
  ['the page', '/', {}],
  ['a page of the app', '/w/some-workspace', {}],
  ['a file', '/assets/app-12345678.js', {}],
  ['OpenAPI', '/openapi.json', {}],
  ['the socket', '/v1/socket', { headers: UPGRADE }],
  ['another upgrade', '/elsewhere', { headers: UPGRADE }],
  ['another verb', '/v1/server.info', { method: 'DELETE' }],
  ['a preview that is not there', '/__skein/open?token=canary-preview-token', {}],
]

/** The status of each route with these headers beside its own. */
async function statuses(headers: Record<string, string>): Promise<[string, number][]> {
  return Promise.all(
    ROUTES.map(async ([name, path, options]): Promise<[string, number]> => {
      const { status } = await web.ask(path, { ...options, headers: { ...options.headers, ...headers } })
      return [name, status]
    }),
  )
}

const everywhere = (status: number) => ROUTES.map(([name]) => [name, status])
const own = () => ({ origin: web.origin })
const bearer = () => ({ ...own(), authorization: `Bearer ${web.token}` })

describe('every route and every upgrade refuses', () => {
  it('a request without a token', async () => {
    const seen = web.behind.seen.calls.length
    expect(await statuses(own())).toEqual(everywhere(401))
    expect(web.behind.seen.calls).toHaveLength(seen)
  })

  it('a wrong token, a wrong cookie, and a cookie in the place of a token', async () => {
    const seen = web.behind.seen.calls.length
    expect(await statuses({ ...own(), cookie: `skein-${web.port}=canary-wrong-cookie` })).toEqual(everywhere(401))
    const wrong = [
      `Bearer canary-wrong-token`,
      `Bearer ${cookie.split('=')[1]}`,
      'Basic Y2FuYXJ5',
      `Bearer ${web.token}x`,
    ]
    for (const authorization of wrong) {
      const answers = await statuses({ ...own(), authorization, cookie })
      expect(answers.filter(([, status]) => status !== 401 && status !== 429)).toEqual([])
    }
    expect(web.behind.seen.calls).toHaveLength(seen)
  })

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', 'p-0123.localhost', 'a@127.0.0.1', ''])(
    'the host %j, with the right token',
    async (name) => {
      const seen = web.behind.seen.calls.length
      const host = name === '' ? '' : `${name}:${web.port}`
      const answers = await statuses({ ...bearer(), host })
      expect(answers.filter(([, status]) => status !== 421 && status !== 400)).toEqual([])
      expect(web.behind.seen.calls).toHaveLength(seen)
    },
  )

  it.each([
    'http://evil.example',
    'https://127.0.0.1',
    'http://localhost:1',
    'null',
    'file://',
    'chrome-extension://a',
  ])('a page from %s, with the right cookie and the right token', async (origin) => {
    const seen = web.behind.seen.calls.length
    expect(await statuses({ origin, cookie })).toEqual(everywhere(403))
    expect(await statuses({ ...bearer(), origin })).toEqual(everywhere(403))
    expect(web.behind.seen.calls).toHaveLength(seen)
  })

  it('a request that a browser says another site’s page makes', async () => {
    for (const site of ['cross-site', 'same-site'])
      expect(await statuses({ cookie, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', ...own() })).toEqual(
        everywhere(403),
      )
  })

  it('an upgrade or a signed-in browser’s command that does not say from which page it comes', async () => {
    for (const [name, path, options] of ROUTES) {
      const isUpgrade = options.headers !== undefined
      if (!isUpgrade && options.method === undefined) continue
      const answer = await web.ask(path, { ...options, headers: { ...options.headers, cookie } })
      expect([name, answer.status]).toEqual([name, 403])
      if (!isUpgrade) continue
      const headers = { ...options.headers, authorization: `Bearer ${web.token}` }
      expect([name, (await web.ask(path, { ...options, headers })).status]).toEqual([name, 403])
    }
  })
})

describe('a one-time link', () => {
  // Of its own: the tests before have spent the wrong tokens that one address may send in a minute.
  let web: WebServer
  beforeAll(async () => {
    web = await webServer()
  })
  afterAll(() => web[Symbol.asyncDispose]())
  const open = async (headers: Record<string, string> = {}, url?: string) => {
    const link = url ?? (await web.api.call('server.link', { key: 'k', path: '/w/1?a=b' })).url
    const { pathname, search } = new URL(link)
    return { link, answer: await web.ask(pathname + search, { headers }) }
  }

  it('signs one browser in, once; a replay is refused', async () => {
    const { link, answer } = await open()
    expect([answer.status, answer.headers.location]).toEqual([303, '/w/1?a=b'])
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      new RegExp(`^skein-${web.port}=[\\w-]{43}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Strict$`),
    )
    expect(answer.headers['cache-control']).toBe('no-store')
    const replay = await open({}, link)
    expect([replay.answer.status, replay.answer.headers['set-cookie']]).toEqual([401, undefined])
    expect(replay.answer.body).toContain('does not work any more')
  })

  it('is not spent by a browser that looks ahead, nor opened at a foreign host or for a foreign page', async () => {
    const { link, answer } = await open({ 'sec-purpose': 'prefetch;prerender' })
    expect(answer.status).toBe(401)
    expect((await open({ host: 'evil.example' }, link)).answer.status).toBe(421)
    expect((await open({ origin: 'http://evil.example' }, link)).answer.status).toBe(403)
    expect((await open({}, link)).answer.status).toBe(303)
  })

  it('leads nowhere but into the app', async () => {
    for (const path of ['//evil.example/', '/\\evil.example', '/..//evil.example', '/%0d%0aset-cookie: a=b']) {
      const { url } = await web.api.call('server.link', { key: 'k', path })
      const { answer } = await open({}, url)
      expect(new URL(answer.headers.location ?? '', web.origin).origin).toBe(web.origin)
    }
  })

  it('is of no use as a token or as a cookie', async () => {
    const { url } = await web.api.call('server.link', { key: 'k' })
    const token = new URL(url).searchParams.get('token') ?? ''
    expect((await web.ask(`/v1/server.info?token=${token}`)).status).toBe(401)
    expect((await web.ask('/v1/server.info', { headers: { authorization: `Bearer ${token}` } })).status).toBeOneOf([
      401, 429,
    ])
  })
})

describe('a browser that was signed out', () => {
  it('is refused from then on, and the others are not', async () => {
    const [mine, other] = [await web.signIn(), await web.signIn()]
    const call = (method: string, as: string, body = '{}') =>
      web.ask(`/v1/${method}`, { method: 'POST', body, headers: { ...own(), cookie: as } })
    const browsers = JSON.parse((await call('server.browsers', mine)).body) as { id: string; current: boolean }[]
    expect(browsers.filter(({ current }) => current)).toHaveLength(1)
    expect(JSON.parse((await call('server.signOut', mine, '{"key":"k"}')).body).signedOut).toBe(browsers.length - 1)
    expect((await call('server.info', other)).status).toBe(401)
    expect((await call('server.info', mine)).status).toBe(200)
    cookie = await web.signIn()
  })
})

describe('what is too large', () => {
  it('is refused before it is read, or where it becomes too large', async () => {
    const announced = `POST /v1/projects.open HTTP/1.1\r\nhost: ${web.host}\r\nauthorization: Bearer ${web.token}\r\ncontent-length: ${MAX_REQUEST + 1}\r\n\r\n`
    expect(await firstLine(announced)).toBe('HTTP/1.1 413 Payload Too Large')
    const large = `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nhost: ${web.host}\r\n\r\n`
    expect(await firstLine(large)).toMatch(/^HTTP\/1\.1 4(14|31) /)
  })

  it('is not even read from a stranger', async () => {
    const announced = `POST /v1/projects.open HTTP/1.1\r\nhost: ${web.host}\r\nconnection: close\r\ncontent-length: 10\r\n\r\n`
    expect(await firstLine(announced)).toBe('HTTP/1.1 401 Unauthorized')
  })

  const firstLine = async (bytes: string) => {
    const { connect } = await import('node:net')
    return new Promise<string>((resolve, reject) => {
      const socket = connect(web.port, '127.0.0.1', () => socket.write(bytes))
      socket.setEncoding('utf8')
      socket.once('data', (text: string) => {
        resolve(text.split('\r\n', 1)[0] ?? '')
        socket.destroy()
      })
      socket.on('error', reject)
    })
  }
})

describe('no path leads out of the app’s folder', () => {
  it.each([
    '/../secret.txt',
    '/../../home/api-token',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/assets/%252e%252e/%252e%252e/secret.txt',
    '//../secret.txt',
    '/assets//..//..//secret.txt',
    '/\u0000/../secret.txt',
    '/linked.txt',
    'file:///etc/passwd',
    'http://127.0.0.1/../secret.txt',
  ])('%j', async (path) => {
    const text = await askRaw(
      web.port,
      `GET ${path} HTTP/1.1\r\nhost: ${web.host}\r\nconnection: close\r\nauthorization: Bearer ${web.token}\r\n\r\n`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 (400|404) |<title>The app</)
    expect(text).not.toMatch(/canary|root:|skein_/)
  })
})

it('what is answered tells the browser to load nothing else, to keep nothing, and to share nothing', async () => {
  for (const path of ['/', '/v1/server.info', '/nothing/at.all', '/openapi.json']) {
    for (const headers of [{ cookie }, {}]) {
      const answer = await web.ask(path, { headers })
      const policy = String(answer.headers['content-security-policy'])
      expect(policy).toMatch(/default-src 'none'/)
      expect(policy).toContain("; script-src 'self' 'wasm-unsafe-eval';")
      expect(policy).toContain(`frame-src http://*.localhost:${web.port}`)
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
      })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  }
  const preflight = { method: 'OPTIONS', headers: { origin: 'http://evil.example', cookie } }
  expect((await web.ask('/v1/server.info', preflight)).status).toBe(403)
})

it('an address that others can reach needs TLS or a tunnel, and the refusal says so before anything is opened', async () => {
  await using folder = await temporaryFolder('web')
  const home = join(folder.path, 'home')
  let opened = false
  const start = (host: string) =>
    serve({
      home,
      version: '1',
      web: { host, port: 0, assets: web.assets },
      open: async () => {
        opened = true
        throw new Error('never')
      },
    })
  for (const host of ['0.0.0.0', '::', '192.168.1.7', 'skein.example'])
    await expect(start(host)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(host),
      next: expect.stringMatching(/--tls-cert .*--tunnel/),
    })
  expect([opened, existsSync(home)]).toEqual([false, false])
})

it('an address that others can reach is served through a tunnel, to those names alone that were allowed', async () => {
  await using open = await webServer({ host: '0.0.0.0', tunnel: true, allowHosts: ['skein.example'] })
  const token = { authorization: `Bearer ${open.token}` }
  const status = async (headers: Record<string, string>) =>
    (await open.ask('/v1/server.info', { headers: { ...token, ...headers } })).status
  expect(await status({ host: 'skein.example' })).toBe(200)
  expect(await status({ host: 'skein.example', origin: 'https://skein.example' })).toBe(200)
  expect(await status({ host: `127.0.0.1:${open.port}` })).toBe(200)
  expect(await status({ host: 'other.example' })).toBe(421)
  expect(await status({ host: '10.1.2.3' })).toBe(421)
  expect((await open.ask('/v1/server.info', { headers: { host: 'skein.example' } })).status).toBe(401)
  const { url } = await open.api.call('server.link', { key: 'k' })
  const { pathname, search } = new URL(url)
  const answer = await open.ask(pathname + search, {
    headers: { host: 'skein.example', 'x-forwarded-proto': 'https' },
  })
  expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-skein-\d+=.*; Secure$/)
})

it('the files with credentials are for their owner alone, and hold no cookie', async () => {
  for (const file of ['api-token', 'browsers.json']) expect(statSync(join(web.home, file)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(web.home, 'browsers.json'), 'utf8')).not.toContain(cookie.split('=')[1])
})

it('the log names the reason of each refusal and holds no secret of any of these tests', async () => {
  const log = web.log()
  for (const reason of [
    'host',
    'origin',
    'no origin',
    'foreign page',
    'no token',
    'wrong token',
    'too many wrong tokens',
  ])
    expect(log).toContain(`"refused":"${reason}"`)
  expect(log).not.toMatch(/canary|token=|Bearer/i)
  expect(log).not.toContain(web.token)
  expect(log).not.toContain(cookie.split('=')[1])
})

it('over TLS the cookie is Secure and bound to its host, and pages are of https alone', async () => {
  await using folder = await temporaryFolder('tls')
  const [keyFile, certFile] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  execFileSync('openssl', [...made, '-subj', '/CN=localhost', '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  })
  const tls = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') }
  await using secure = await webServer({ host: '0.0.0.0', tls, allowHosts: ['skein.example'] })
  expect(secure.origin).toBe(`https://skein.example:${secure.port}`)
  const { url } = await secure.api.call('server.link', { key: 'k' })
  const ask = (path: string, headers: Record<string, string>) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: secure.port, path, rejectUnauthorized: false, agent: false }
      const sent = request({ ...options, headers: { host: secure.host, ...headers } }, (response) => {
        response.resume().once('end', () => resolve(response))
      })
      sent.on('error', reject).end()
    })
  const opened = await ask(new URL(url).pathname + new URL(url).search, {})
  const [set = ''] = opened.headers['set-cookie'] ?? []
  expect(set).toMatch(/^__Host-skein-\d+=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/)
  const [cookie = ''] = set.split(';')
  const origin = `https://${secure.host}`
  expect((await ask('/v1/server.info', { cookie, origin })).statusCode).toBe(200)
  expect((await ask('/v1/server.info', { cookie, origin: `http://${secure.host}` })).statusCode).toBe(403)
  expect(String(opened.headers['content-security-policy'])).toContain(`connect-src 'self' wss://${secure.host}`)
})
