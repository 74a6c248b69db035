import { readFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { createSocketClient } from '@skein/protocol/browser'
import { createHttpClient } from '@skein/protocol/node'
import { echo, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { key, readyWorkspace, service, worldWith } from '../working-world.ts'
import { kill, type World } from '../world.ts'
import { type Up, up } from './browser.ts'

const PAGE = `
require('node:http').createServer((request, response) => response.end('preview of ' + request.url))
  .listen(Number(process.env.PORT), '127.0.0.1')
`

let world: World
beforeAll(async () => {
  world = await worldWith({ services: { web: { run: 'exec node page.cjs', port: 0 } } }, echo, { 'page.cjs': PAGE })
})
afterAll(() => world[Symbol.asyncDispose]())

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** A browser's request for a URL: its name leads to this computer, whatever it is. */
function get(url: string, cookie = ''): Promise<Answer> {
  const { host, port, pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: pathname + search, headers: { host, cookie }, agent: false }
    const sent = request(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject).end()
  })
}

const cookieOf = ({ headers }: Answer) => headers['set-cookie']?.[0]?.split(';')[0] ?? ''

/** A signed-in page's connection. */
async function page({ url }: Up, cookie: string) {
  const { host, origin } = new URL(url)
  const client = createSocketClient(`ws://${host}/v1/socket`, {
    open: (address) => new WebSocket(address, { headers: { cookie, origin } }),
  })
  await client.opened
  return client
}

it('skein up takes the place of the server that commands started, and a run of theirs is in the app at once', async () => {
  const { id } = await readyWorkspace(world)
  const before = await world.serverPid()
  const first = await up(world)
  expect(first.pid).not.toBe(before)
  const cookie = cookieOf(await get(first.link))
  const app = await page(first, cookie)
  try {
    expect((await app.call('workspaces.list', {})).map((workspace) => workspace.id)).toEqual([id])
    const [{ id: sessionId = '' } = {}] = (await app.call('workspaces.get', { workspace: id })).sessions
    let text = ''
    const followed = (async () => {
      for await (const item of app.subscribe('sessions.follow', { sessionId })) {
        if (item.type !== 'event') continue
        if (item.envelope.event.type === 'agent_message') text += JSON.stringify(item.envelope.event.content)
        if (item.envelope.event.type === 'turn_ended') return
      }
    })()
    expect((await world.skein(['send', id, 'hello', 'app', '--wait'])).code).toBe(0)
    await followed
    expect(text).toContain('hello app')
  } finally {
    await app[Symbol.asyncDispose]()
  }
  expect(await up(world)).toMatchObject({ url: first.url, pid: first.pid, already: true })
})

it('after kill -9 it is found at the same port: the browser is still signed in, and the preview still shown', async () => {
  const first = await up(world)
  const cookie = cookieOf(await get(first.link))
  const [{ id: workspaceId, port = 0 } = await readyWorkspace(world)] = await world.api.call('workspaces.list', {})
  await world.api.call('services.start', { key: key(), workspaceId, name: 'web' })
  await service(world, workspaceId, 'web', 'running')
  const app = await page(first, cookie)
  const { url } = await app.call('previews.open', { key: key(), workspaceId, port, path: '/shown' })
  const admitted = await get(url)
  const shown = new URL(admitted.headers.location ?? '', url).href
  const preview = cookieOf(admitted)
  expect(await get(shown, preview)).toMatchObject({ status: 200, body: 'preview of /shown' })
  await app[Symbol.asyncDispose]()

  kill(first.pid)
  await waitUntil(async () => (await world.serverPid()) === undefined, { what: 'the end of the server' })
  const second = await up(world)
  expect([second.url, second.pid === first.pid]).toEqual([first.url, false])
  expect(await get(shown, preview)).toMatchObject({ status: 200, body: 'preview of /shown' })
  const again = await page(second, cookie)
  expect(await again.call('server.browsers', {})).toContainEqual(expect.objectContaining({ current: true }))
  await again[Symbol.asyncDispose]()
})

it('a program speaks to it with the token of its file, by the same client as over the Unix socket', async () => {
  const { url } = await up(world)
  const token = (await readFile(join(world.home, 'api-token'), 'utf8')).trim()
  await using api = createHttpClient({ url, token }, { validate: true })
  expect((await api.call('server.info', {})).web).toEqual({ url })
  await using stranger = createHttpClient({ url, token: 'none' })
  await expect(stranger.call('server.info', {})).rejects.toMatchObject({ code: 'unauthorized' })
})

it('skein open prints another link, skein down ends it all but the work, and then there is nothing to open', async () => {
  await up(world)
  const opened = await world.skein(['open', '--print'])
  const [link = ''] = opened.stdout.split('\n')
  expect((await get(link)).status).toBe(303)
  expect((await get(link)).status).toBe(401)
  const runner = await world.runnerPid()
  expect((await world.skein(['down'])).code).toBe(0)
  await waitUntil(async () => (await world.serverPid()) === undefined, { what: 'the end of the server' })
  expect(await world.runnerPid()).toBe(runner)
  const closed = await world.skein(['open'])
  expect([closed.code === 0, closed.stderr]).toEqual([false, expect.stringContaining('skein up')])
})

it('in the foreground it says where it is and ends with Ctrl-C; where others could listen in it does not start', async () => {
  const running = world.start(['up', '--no-open'])
  await waitUntil(() => /Skein is up at http:\/\/127\.0\.0\.1:\d+/.test(running.stdout()), {
    what: 'the address',
    timeout: 60_000,
  })
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('Stopped')])
  const refused = await world.skein(['up', '--no-open', '--host', '0.0.0.0'])
  expect([refused.code === 0, refused.stderr]).toEqual([
    false,
    expect.stringMatching(/without encryption.*--tls-cert/s),
  ])
})
