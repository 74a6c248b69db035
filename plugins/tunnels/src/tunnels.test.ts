import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TemporaryFolder, temporaryFolder, waitUntil } from '@skein/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cloudflaredTunnels, quickTunnelReader } from './cloudflared.ts'
import { ngrokTunnels } from './ngrok.ts'

const FAKE = fileURLToPath(new URL('./fixtures/cloudflared.mjs', import.meta.url))
const HOLDER = fileURLToPath(new URL('./fixtures/holder.ts', import.meta.url))
const TARGET = { host: '127.0.0.1', port: 4321 }

let folder: TemporaryFolder
const environment = { ...process.env }
beforeEach(async () => {
  folder = await temporaryFolder('tunnels')
  process.env.SKEIN_FAKE_RECORD = join(folder.path, 'record')
  // No login of the person’s own.
  process.env.XDG_CONFIG_HOME = folder.path
  process.env.HOME = folder.path
})
afterEach(async () => {
  process.env = { ...environment }
  await folder[Symbol.asyncDispose]()
})

const context = () => ({ home: folder.path, log: () => {} })
const record = () => JSON.parse(readFileSync(join(folder.path, 'record'), 'utf8')) as { argv: string[]; pids: number[] }
/** Zombies do not count: nobody in a container may be there to bury them. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
const noneAlive = (pids: number[]) =>
  waitUntil(() => pids.every((pid) => !isAlive(pid)), { what: 'the end of all of its processes' })

describe('a quick tunnel', () => {
  const open = (signal = new AbortController().signal) =>
    cloudflaredTunnels.open({ target: TARGET, settings: { program: FAKE }, signal }, context())

  it('is open when cloudflared has registered it, leads to the target, and leaves no process when it is closed', async () => {
    const tunnel = await open()
    expect(tunnel).toMatchObject({
      url: 'https://four-dashed-word-url.trycloudflare.com',
      keepsUrl: false,
      visitorHeader: 'cf-connecting-ip',
    })
    const { argv, pids } = record()
    expect(argv).toEqual(['tunnel', '--config', '/dev/null', '--no-autoupdate', '--url', 'http://127.0.0.1:4321'])
    await tunnel.close()
    await noneAlive(pids)
    expect(await tunnel.ended).toBe('cloudflared: it was ended by SIGKILL')
  })

  it('tells when it ends by itself', async () => {
    const tunnel = await open()
    const { pids } = record()
    process.kill(pids[0] ?? 0, 'SIGKILL')
    expect(await tunnel.ended).toBe('cloudflared: it ended with exit status 137')
    await noneAlive(pids)
  })

  it('that cannot be opened says what cloudflared said', async () => {
    process.env.SKEIN_FAKE_MODE = 'offline'
    await expect(open()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('lookup api.trycloudflare.com: no such host'),
    })
  })

  it('is given up without a trace when the person does not wait for it', async () => {
    process.env.SKEIN_FAKE_MODE = 'silent'
    const patience = new AbortController()
    const opening = open(patience.signal)
    opening.catch(() => {})
    await waitUntil(() => existsSync(join(folder.path, 'record')) && record(), { what: 'cloudflared to run' })
    const { pids } = record()
    patience.abort()
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' })
    await noneAlive(pids)
  })

  it('ends with the process that opened it, also after kill -9', async () => {
    const holder = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', HOLDER, FAKE])
    const [line] = await once(holder.stdout, 'data')
    expect(String(line)).toContain('trycloudflare.com')
    const { pids } = record()
    expect(pids.every(isAlive)).toBe(true)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await noneAlive(pids)
  })

  it('that says nothing of its connection is taken for open a while after it told its address', () => {
    let now = 0
    const read = quickTunnelReader(() => now)
    expect(read('INF Requesting new quick Tunnel on https://api.trycloudflare.com/tunnel')).toBeUndefined()
    expect(read('INF |  https://a-b.trycloudflare.com  |')).toBeUndefined()
    expect(read('INF anything')).toBeUndefined()
    now = 11_000
    expect(read('INF anything')).toBe('https://a-b.trycloudflare.com')
  })

  it('needs cloudflared, and says where to get it', async () => {
    process.env.PATH = folder.path
    expect(await cloudflaredTunnels.available({}, context())).toMatchObject({
      ok: false,
      remedy: /^Install cloudflared/,
    })
    const settings = { program: 'cloudflared' }
    const opening = cloudflaredTunnels.open(
      { target: TARGET, settings, signal: new AbortController().signal },
      context(),
    )
    await expect(opening).rejects.toMatchObject({
      code: 'missing',
      next: expect.stringContaining('Install cloudflared'),
    })
  })
})

describe('a tunnel of ngrok’s', () => {
  const open = (hostname?: string) =>
    ngrokTunnels.open(
      { target: TARGET, settings: {}, signal: new AbortController().signal, ...(hostname ? { hostname } : {}) },
      context(),
    )

  /** A module of the shape of `@ngrok/ngrok` 1.x, which writes down what it was asked for. */
  function installModule(): void {
    const at = join(folder.path, 'node_modules', '@ngrok', 'ngrok')
    mkdirSync(at, { recursive: true })
    writeFileSync(
      join(at, 'package.json'),
      JSON.stringify({ name: '@ngrok/ngrok', version: '1.6.0', main: 'index.js' }),
    )
    writeFileSync(
      join(at, 'index.js'),
      `const { writeFileSync } = require('node:fs')
module.exports.forward = async (options) => {
  if (options.authtoken === 'wrong') throw new Error('The authtoken you specified is wrong: wrong')
  writeFileSync(process.env.SKEIN_FAKE_RECORD, JSON.stringify(options))
  return {
    url: () => 'https://' + (options.domain ?? 'd1e2f3.ngrok-free.app'),
    close: async () => writeFileSync(process.env.SKEIN_FAKE_RECORD, 'closed'),
  }
}`,
    )
  }

  it('needs the module and a login, and says how to get each', async () => {
    expect(await ngrokTunnels.available({}, context())).toMatchObject({
      ok: false,
      remedy: `Install it for Skein: npm install --prefix ${folder.path} @ngrok/ngrok`,
    })
    await expect(open()).rejects.toMatchObject({ code: 'missing' })
    installModule()
    await expect(open()).rejects.toMatchObject({ code: 'missing', next: expect.stringContaining('add-authtoken') })
    mkdirSync(join(folder.path, 'ngrok'))
    writeFileSync(join(folder.path, 'ngrok', 'ngrok.yml'), 'version: 3\nagent:\n  authtoken: from_the_file\n')
    expect(await ngrokTunnels.available({}, context())).toMatchObject({ ok: true })
  })

  it('is opened with the person’s login, keeps a name of their own, and is closed', async () => {
    installModule()
    process.env.NGROK_AUTHTOKEN = 'mine'
    const tunnel = await open('shown.example.org')
    expect(tunnel).toMatchObject({ url: 'https://shown.example.org', keepsUrl: true })
    expect(JSON.parse(readFileSync(process.env.SKEIN_FAKE_RECORD ?? '', 'utf8'))).toEqual({
      addr: '127.0.0.1:4321',
      authtoken: 'mine',
      domain: 'shown.example.org',
    })
    await tunnel.close()
    expect(readFileSync(process.env.SKEIN_FAKE_RECORD ?? '', 'utf8')).toBe('closed')
    expect((await open()).url).toBe('https://d1e2f3.ngrok-free.app')
    process.env.NGROK_AUTHTOKEN = 'wrong'
    await expect(open()).rejects.toMatchObject({ message: expect.not.stringMatching(/wrong/) })
  })
})
