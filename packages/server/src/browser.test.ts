import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '@skein/testkit'
import { build } from 'esbuild'
import { type Browser, type BrowserContext, chromium, type Frame, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DevServer, devServer } from './fixtures/dev-server.ts'
import { type WebServer, webServer } from './fixtures/web-server.ts'

const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --test-third-party-cookie-phaseout'

let chrome: Browser
let dev: DevServer
let web: WebServer
let context: BrowserContext
let page: Page

/** What the page of this test runs: the client as the app bundles it. */
const APP = `
import { connectBrowser } from '@skein/protocol/browser'
window.states = []
window.api = connectBrowser({ onState: (state) => states.push(state.status) })
window.seqs = []
window.follow = async () => {
  for await (const item of api.subscribe('sessions.follow', { sessionId: 's' })) if (item.type === 'event') seqs.push(item.envelope.seq)
}
`

/** A preview's page that tries all it can to call the API at \`api\`. */
const ATTACKER = `<!doctype html><h1>The preview</h1><script>
window.attack = async (api) => {
  const results = []
  const attempt = async (name, act) => results.push([name, await act().then((value) => String(value), () => 'refused')])
  await attempt('fetch', async () => (await fetch(api + '/v1/server.info', { method: 'POST', body: '{}', credentials: 'include' })).status)
  await attempt('get', async () => (await fetch(api + '/v1/server.info', { credentials: 'include' })).text())
  await attempt('opaque', async () => (await fetch(api + '/v1/projects.open', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"key":"k","path":"/attack"}' })).status)
  await attempt('own', async () => (await (await fetch('/v1/server.info', { method: 'POST', body: '{}' })).text()).includes('The preview'))
  await attempt('socket', () => new Promise((resolve, reject) => {
    const socket = new WebSocket(api.replace('http', 'ws') + '/v1/socket')
    socket.onopen = () => resolve('open')
    socket.onerror = reject
  }))
  await attempt('parent', async () => window.parent.document.title)
  return results
}
const socket = new WebSocket('ws://' + location.host + '/hmr')
socket.onmessage = ({ data }) => { document.title = data }
socket.onopen = () => { document.title = 'connected' }
</script>`

beforeAll(async () => {
  dev = await devServer(ATTACKER)
  web = await webServer({}, { openPort: dev.openPort })
  await build({
    stdin: { contents: APP, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    format: 'esm',
    outfile: join(web.assets, 'assets', 'app-12345678.js'),
  })
  writeFileSync(
    join(web.assets, 'index.html'),
    `<!doctype html><title>The app</title><script>document.title = 'an inline script ran'</script><script type="module" src="/assets/app-12345678.js"></script>`,
  )
  chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS.split(' ') })
  context = await chrome.newContext()
  page = await context.newPage()
})
afterAll(async () => {
  await chrome?.close()
  await web?.[Symbol.asyncDispose]()
  await dev?.[Symbol.asyncDispose]()
})

const link = async () => (await web.api.call('server.link', { key: 'k' })).url
const states = () => page.evaluate('states') as Promise<string[]>
const seqs = () => page.evaluate('seqs') as Promise<number[]>

it('a stranger is told how to come in; a link signs in once, and the page speaks with the server', async () => {
  await page.goto(web.origin)
  expect(await page.textContent('h1')).toBe('This browser is not signed in')
  const once = await link()
  await page.goto(once)
  expect(page.url()).toBe(`${web.origin}/`)
  await until(page, 'window.api?.state.status === "open"')
  expect(await page.title()).toBe('The app')
  expect(await page.evaluate('api.call("server.info", {}).then(({ version }) => version)')).toBe('1')
  expect(await page.evaluate('document.cookie')).toBe('')
  const other = await chrome.newContext()
  const stranger = await other.newPage()
  await stranger.goto(once)
  expect(await stranger.textContent('h1')).toBe('This link does not work any more')
  await other.close()
})

it('a link on another site’s page leads a signed-in browser into the app, though its cookie is not sent at first', async () => {
  await page.goto(`http://localhost:${dev.port}/`)
  await page.evaluate(`location.href = '${web.origin}/w/1'`)
  await until(page, 'document.title === "The app"')
  expect(page.url()).toBe(`${web.origin}/w/1`)
})

it('a page goes on by itself when its server is gone for a while, with nothing lost and nothing twice', async () => {
  await page.goto(web.origin)
  await until(page, 'window.api?.state.status === "open"')
  await page.evaluate('void follow()')
  await until(page, 'seqs.length > 20')
  await web.server.stop('signal')
  await until(page, 'states.includes("lost")')
  const before = (await seqs()).length
  const again = await web.startAgain()
  try {
    await until(page, `api.state.status === "open" && seqs.length > ${before + 20}`)
    const all = await seqs()
    expect(all).toEqual(Array.from({ length: all.length }, (_, n) => n + 1))
    expect(new Set(await states())).toEqual(new Set(['connecting', 'open', 'lost']))

    await showsPreviews()
    await signsOut(again.socketPath)
  } finally {
    await again[Symbol.asyncDispose]()
  }
})

/** Polled from outside: the policy of the page lets no text become a script. */
function until(at: Page | Frame, condition: string): Promise<unknown> {
  return waitUntil(() => at.evaluate(condition).catch(() => false), { what: condition })
}

/** In a frame and in a tab, hot reload included; and none of its pages reaches the API. */
async function showsPreviews(): Promise<void> {
  const open = () =>
    page.evaluate(
      `api.call('previews.open', { key: crypto.randomUUID(), workspaceId: 'w1', port: ${dev.port}, path: '/shown' }).then(({ url }) => url)`,
    ) as Promise<string>
  const url = await open()
  await page.evaluate(
    `document.body.append(Object.assign(document.createElement('iframe'), { src: '${url}', id: 'preview' }))`,
  )
  const frame = await waitUntil(() => page.frames().find((one) => one.url().includes('/shown')) ?? false, {
    what: 'the frame',
  })
  await until(frame, 'document.title === "connected"')
  dev.say('hot reload')
  await until(frame, 'document.title === "hot reload"')

  const calls = web.behind.seen.calls.filter((method) => method === 'projects.open').length
  const attack = `attack('${web.origin}')`
  const refusedAll = [
    ['fetch', 'refused'],
    ['get', 'refused'],
    // The browser hides the answer; below we see that nothing was done.
    ['opaque', '0'],
    ['own', 'true'],
    ['socket', 'refused'],
    ['parent', 'refused'],
  ]
  const inFrame = (await frame.evaluate(attack)) as string[][]
  const isRefused = (results: string[][]) => results.map(([name, how]) => [name, name === 'opaque' ? '0' : how])
  expect(isRefused(inFrame)).toEqual(refusedAll)
  const tab = await context.newPage()
  await tab.goto(await open())
  expect(tab.url()).toMatch(/^http:\/\/p-[0-9a-f]{32}\.localhost:\d+\/shown$/)
  await until(tab, 'document.title === "connected"')
  // At the top there is no other parent than itself.
  expect(isRefused((await tab.evaluate(attack)) as string[][]).slice(0, 5)).toEqual(refusedAll.slice(0, 5))
  await tab.close()
  expect(web.behind.seen.calls.filter((method) => method === 'projects.open')).toHaveLength(calls)
}

async function signsOut(socketPath: string): Promise<void> {
  const { createHttpClient } = await import('@skein/protocol/node')
  await using api = createHttpClient({ socketPath })
  await api.call('server.signOut', { key: 'k' })
  await until(page, 'api.state.status === "signed_out"')
  await page.reload()
  expect(await page.textContent('h1')).toBe('This browser is not signed in')
}
