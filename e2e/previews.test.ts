import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { SkeinApi, Workspace } from '@skein/protocol'
import { createHttpClient } from '@skein/protocol/node'
import { type Server, serve } from '@skein/server'
import { commitAll, echo, waitUntil, writeFiles } from '@skein/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoopTunnels, loopTunnels } from '../packages/server/src/fixtures/loop-tunnel.ts'
import { askAt } from '../packages/server/src/fixtures/web-server.ts'
import { type Elsewhere, elsewhere } from './elsewhere.ts'
import { EngineWorld, key } from './engine-world.ts'
import { HOT_SERVER } from './hot-server.ts'
import { startBrowser } from './web/browser.ts'

const BOX = 'elsewhere:box'

let world: EngineWorld
let box: Elsewhere
let tunnels: LoopTunnels
let server: Server
let api: SkeinApi
let chrome: Browser
let fixedPort: number
/** Two on one machine that is not this computer, one here. */
let first: Workspace
let second: Workspace
let here: Workspace

beforeAll(async () => {
  fixedPort = await freePort()
  world = await EngineWorld.create(echo, ({ folder }) => {
    box = elsewhere(join(folder, 'elsewhere'), { lifetime: 'shared' })
    return { plugins: [box.plugin] }
  })
  const services = {
    web: { run: 'exec node web.cjs', port: 0 },
    fixed: `exec node web.cjs ${fixedPort}`,
  }
  await writeFiles(world.repo, {
    'skein.json': JSON.stringify({ services }),
    'web.cjs': HOT_SERVER,
    'message.txt': 'the same\n',
  })
  await commitAll(world.repo, 'Serve a page')
  tunnels = loopTunnels()
  const assets = join(world.folder, 'app')
  await mkdir(assets)
  await writeFile(join(assets, 'index.html'), '<!doctype html><title>The app</title>')
  server = await serve({
    home: world.home,
    version: '1',
    web: { host: '127.0.0.1', port: 0, assets },
    open: async () => ({
      api: world.engine.api,
      busy: () => true,
      openPort: world.engine.openPort,
      tunnels: tunnels.tunnels,
      close: async () => {},
    }),
  })
  api = createHttpClient({ socketPath: server.socketPath })
  const project = await world.project()
  await api.call('projects.trust', { key: key(), projectId: project.id, hash: project.trust.hash })
  const made = await Promise.all([
    world.workspace({ name: 'first', on: BOX }),
    world.workspace({ name: 'second', on: BOX }),
    world.workspace({ name: 'here' }),
    startBrowser(),
  ])
  ;[first, second, here, chrome] = made
})
afterAll(async () => {
  await chrome?.close()
  await api?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
  await tunnels?.[Symbol.asyncDispose]()
  // The engine before its machines: it would connect again.
  await world?.engine.close()
  await box?.end()
  await world?.[Symbol.asyncDispose]()
})

async function run({ id: workspaceId }: Workspace, name: string, state = 'running') {
  const list = () => api.call('services.list', { workspaceId })
  await api.call('services.start', { key: key(), workspaceId, name })
  return waitUntil(async () => (await list()).find((one) => one.name === name && one.state === state), {
    what: `the service ${name} to be ${state}`,
    timeout: 30_000,
    explain: list,
  })
}

const openPreview = async ({ id: workspaceId }: Workspace, port: number | undefined) =>
  (await api.call('previews.open', { key: key(), workspaceId, port: port ?? 0 })).url

/** Another person's browser. */
async function stranger(url: string): Promise<Page> {
  const context = await chrome.newContext()
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  await page.goto(url)
  return page
}

const says = (page: Page, text: string) =>
  waitUntil(async () => (await page.textContent('h1').catch(() => '')) === text, {
    what: `the page to say ${text}`,
    timeout: 30_000,
    explain: () => page.content().catch(String),
  })
const titled = (page: Page, title: string) =>
  waitUntil(async () => (await page.title().catch(() => '')) === title, { what: `${title}`, timeout: 30_000 })
const write = ({ path }: Workspace, text: string) => writeFile(join(path, 'message.txt'), `${text}\n`)

describe('previews of the same service of several workspaces, on another machine and on this one', () => {
  it('are shown side by side, each with its own hot reload, and to nobody without the token', async () => {
    const all = [first, second, here]
    const pages = await Promise.all(
      all.map(async (workspace) => {
        const { port } = await run(workspace, 'web')
        return stranger(await openPreview(workspace, port))
      }),
    )
    await Promise.all(pages.map((page) => says(page, 'the same')))
    await Promise.all(pages.map((page) => titled(page, 'connected')))
    expect(new Set(pages.map((page) => new URL(page.url()).host)).size).toBe(3)
    for (const [n, workspace] of all.entries()) await write(workspace, `of ${workspace.name} ${n}`)
    for (const [n, page] of pages.entries()) await says(page, `of ${all[n]?.name} ${n}`)
    for (const page of pages) {
      const { host, port } = new URL(page.url())
      const answer = await askAt({ host: '127.0.0.1', port, headers: { host } }, '/')
      expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('This preview is not open')])
    }
    await Promise.all(pages.map((page) => page.context().close()))
  })

  it('wait calmly while the machine is out of reach, and go on by themselves', async () => {
    const { port } = await run(first, 'web')
    await write(first, 'before')
    const page = await stranger(await openPreview(first, port))
    await says(page, 'before')
    await titled(page, 'connected')
    box.cut(BOX)
    await titled(page, 'cut')
    await page.reload()
    await says(page, 'The machine cannot be reached at the moment')
    await write(first, 'after')
    box.mend()
    await says(page, 'after')
    await page.context().close()
  })

  it('never show another workspace’s program; who came second to a port is told who has it', async () => {
    await run(first, 'fixed')
    const failed = await run(second, 'fixed', 'failed')
    expect(failed.because).toBe(`port ${fixedPort} is used by fixed of ${first.name}: it ended with exit code 1`)
    await write(first, 'only mine')
    const mine = await stranger(await openPreview(first, fixedPort))
    await says(mine, 'only mine')
    const theirs = await stranger(await openPreview(second, fixedPort))
    expect(await theirs.textContent('h1')).toBe('Another workspace has this port')
    expect(await theirs.textContent('main')).toContain(`is used by fixed of ${first.name}`)
    await expect(world.engine.openPort(second.id, fixedPort, AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'conflict',
    })
    await api.call('services.stop', { key: key(), workspaceId: first.id, name: 'fixed' })
    await run(second, 'fixed')
    await write(second, 'now mine')
    await says(theirs, 'now mine')
    await Promise.all([mine, theirs].map((page) => page.context().close()))
  })
})

describe('a share link of a workspace on another machine', () => {
  it('shows the page with its hot reload to whoever has it, and nothing any more once it is revoked', async () => {
    const { port = 0 } = await run(second, 'web')
    await write(second, 'shared')
    const share = await api.call('shares.create', { key: key(), workspaceId: second.id, port })
    const page = await stranger(share.url ?? '')
    await says(page, 'shared')
    expect(page.url()).toBe(`${new URL(share.url ?? '').origin}/`)
    await titled(page, 'connected')
    expect(await page.evaluate('document.cookie')).toBe('')
    await write(second, 'shared and changed')
    await says(page, 'shared and changed')
    const without = await stranger(page.url())
    expect(await without.textContent('h1')).toBe('This link does not work')
    await titled(page, 'connected')
    const [now] = await api.call('shares.list', { workspaceId: second.id })
    expect(now?.state).toBe('open')
    // A change may be seen while it is written and afterwards: then the page loads itself twice.
    expect(now?.seen).toBeGreaterThanOrEqual(2)
    await api.call('shares.revoke', { key: key(), shareId: share.id })
    await titled(page, 'cut')
    await expect(page.reload()).rejects.toThrow(/ERR_CONNECTION_REFUSED/)
    await Promise.all([page, without].map((one) => one.context().close()))
  })

  it('ends with its workspace', async () => {
    const share = await api.call('shares.create', { key: key(), workspaceId: here.id, port: here.port ?? 0 })
    expect(tunnels.open.size).toBe(1)
    await api.call('workspaces.remove', { key: key(), workspaceId: here.id, confirm: true })
    expect(tunnels.open.size).toBe(0)
    expect(await api.call('shares.list', {})).toEqual([])
    await expect(fetch(share.url ?? '')).rejects.toThrow()
  })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
