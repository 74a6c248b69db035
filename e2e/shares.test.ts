import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Share, Workspace } from '@skein/protocol'
import { echo, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOT_SERVER } from './hot-server.ts'
import { readyWorkspace, worldWith } from './working-world.ts'
import { kill, type World } from './world.ts'

/** A program that prints what cloudflared prints, and leads nowhere: the tests ask at the tunnel's end, as it would. */
const CLOUDFLARED = fileURLToPath(new URL('../plugins/tunnels/src/fixtures/cloudflared.mjs', import.meta.url))
const PUBLIC = 'four-dashed-word-url.trycloudflare.com'

describe('a share link, by the command line and through a quick tunnel', () => {
  let world: World
  let workspace: Workspace
  let record: string

  beforeAll(async () => {
    world = await worldWith({ services: { web: { run: 'exec node web.cjs', port: 0 } } }, echo, {
      'web.cjs': HOT_SERVER,
      'message.txt': 'hello\n',
    })
    const programs = join(world.folder, 'programs')
    await mkdir(programs)
    await symlink(CLOUDFLARED, join(programs, 'cloudflared'))
    record = join(world.folder, 'cloudflared.json')
    world.env.PATH = `${programs}:${world.env.PATH}`
    // The server's environment is an allow-list, which has variables of Skein's own.
    world.env.SKEIN_FAKE_RECORD = record
    workspace = await readyWorkspace(world, { name: 'shown' })
    await world.api.call('services.start', { key: 'start', workspaceId: workspace.id, name: 'web' })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const tunnel = async () => JSON.parse(await readFile(record, 'utf8')) as { argv: string[]; pids: number[] }
  const gone = ({ pids }: { pids: number[] }) =>
    waitUntil(() => pids.every((pid) => !existsSync(`/proc/${pid}`)), { what: 'the end of cloudflared' })
  const json = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string; share: Share })

  /** What Cloudflare would bring through the tunnel. */
  async function visit(path: string, headers: Record<string, string> = {}) {
    const { argv } = await tunnel()
    const target = new URL(argv.at(-1) ?? '')
    return new Promise<{ status: number; body: string; cookie: string; location: string | undefined }>(
      (resolve, reject) => {
        const all = { host: PUBLIC, accept: 'text/html', 'cf-connecting-ip': '192.0.2.7', ...headers }
        const sent = request(target, { path, headers: all, agent: false, setHost: false }, async (response) => {
          let body = ''
          for await (const part of response) body += String(part)
          const cookie = response.headers['set-cookie']?.[0] ?? ''
          resolve({ status: response.statusCode ?? 0, body, cookie, location: response.headers.location })
        })
        sent.on('error', reject).end()
      },
    )
  }

  it('is made, used, listed and ended; nobody is let in by anything else, and nothing of the tunnel is left', async () => {
    const made = await world.skein(['share', 'shown', 'web', '--for', '2h', '--note', 'for Ada', '--json'])
    expect(made.code, made.stderr).toBe(0)
    const [{ share } = {}] = json(made.stdout)
    expect(share).toMatchObject({ via: 'cloudflared', port: workspace.port, note: 'for Ada', state: 'open' })
    const { pathname, host } = new URL(share?.url ?? '')
    expect(host).toBe(PUBLIC)
    expect((share?.expiresAt ?? 0) - (share?.createdAt ?? 0)).toBe(7_200_000)

    const came = await visit(pathname)
    expect([came.status, came.location]).toEqual([303, '/'])
    expect(came.cookie).toMatch(/^__Host-skein-share=[\w-]{43}; Path=\/; Max-Age=7200; HttpOnly; SameSite=Lax; Secure$/)
    const [cookie = ''] = came.cookie.split(';')
    const page = await waitUntil(
      async () => {
        const answer = await visit('/', { cookie })
        return answer.status === 200 && answer
      },
      { what: 'the service to answer', timeout: 20_000 },
    )
    expect(page.body).toContain('<h1>hello</h1>')
    expect((await visit('/')).status).toBe(401)
    expect((await visit('/', { cookie, host: 'other.trycloudflare.com' })).status).toBe(421)

    const listed = (await world.skein(['share', 'ls'])).stdout
    expect(listed).toMatch(/shown port \d+ · for Ada/)
    expect(listed).toMatch(
      /Anybody with this link, until [\d:-]+.*, via cloudflared\. Seen (once|\d+ times) by 1 address\./,
    )

    const open = await tunnel()
    const ended = await world.skein(['share', 'revoke', 'shown'])
    expect(ended.stdout).toContain(`The link to port ${workspace.port} works no more`)
    await gone(open)
    await expect(visit('/', { cookie })).rejects.toThrow(/ECONNREFUSED/)
    expect((await world.skein(['share', 'ls'])).stdout).toContain('No links.')
  })

  it('does not outlive its server; afterwards it is closed until somebody opens it again, and ends with its workspace', async () => {
    await rm(record)
    const share = await world.api.call('shares.create', {
      key: 'second',
      workspaceId: workspace.id,
      port: workspace.port ?? 0,
    })
    const before = await tunnel()
    kill((await world.serverPid()) ?? 0)
    await gone(before)
    const [closed] = await world.api.call('shares.list', {})
    expect(closed).toMatchObject({ id: share.id, state: 'closed', expiresAt: share.expiresAt })
    const opened = await world.skein(['share', 'open', share.id.slice(0, 8), '--json'])
    const [{ share: again } = {}] = json(opened.stdout)
    expect(again, opened.stderr).toMatchObject({ id: share.id, state: 'open' })
    const came = await visit(new URL(again?.url ?? '').pathname)
    expect(came.status).toBe(303)
    const open = await tunnel()
    await world.api.call('workspaces.remove', { key: 'remove', workspaceId: workspace.id, confirm: true })
    await gone(open)
    expect(await world.api.call('shares.list', {})).toEqual([])
  })
})
