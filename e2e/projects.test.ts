import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { Change } from '@skein/protocol'
import { claudeEnv, claudeExecutable, git, type Model, say, smallRepository, waitUntil } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { EngineWorld, key } from './engine-world.ts'
import { World } from './world.ts'

const PASSWORD = 'p4ss-of-nobody-else'

/** A repository behind HTTP and a password, as static files. `hold`: answers nothing but the first request until released. */
async function httpRemote(folder: string) {
  const bare = join(folder, 'remote', 'tiny.git')
  await smallRepository(join(folder, 'origin'))
  await git(folder, ['clone', '-q', '--bare', join(folder, 'origin'), bare])
  await git(bare, ['update-server-info'])
  const held = { yes: false, waiting: 0, release: Promise.withResolvers<void>() }
  const allowed = `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`
  const server = createServer(async (request: IncomingMessage, response) => {
    if (request.headers.authorization !== allowed) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end()
      return
    }
    const path = new URL(request.url ?? '/', 'http://x').pathname
    if (held.yes && path.includes('/objects/')) {
      held.waiting += 1
      await held.release.promise
    }
    const content = await readFile(join(folder, 'remote', path)).catch(() => undefined)
    response.writeHead(content === undefined ? 404 : 200).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    held,
    url: (password = PASSWORD) => `http://ada:${password}@127.0.0.1:${port}/tiny.git`,
    async [Symbol.asyncDispose]() {
      held.release.resolve()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('a clone', () => {
  it('tells how far it is, keeps its password to itself, and leaves nothing when it fails, is cancelled, or its server dies', async () => {
    await using world = await World.create(() => say('hello'))
    await using remote = await httpRemote(world.folder)
    const changes: Change[] = []
    const stop = new AbortController()
    const listening = (async () => {
      for await (const change of world.api.subscribe('changes', {}, stop.signal)) changes.push(change)
    })()
    const folder = join(world.folder, 'clones')
    await mkdir(folder)
    const clone = (path: string, url = remote.url(), by = key()) =>
      world.api.call('projects.clone', { key: by, url, path: join(folder, path) })

    await expect(clone('wrong', remote.url('wrong-one'))).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(clone('nothing', 'file:///nowhere/at-all.git')).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(clone('bad', '--upload-pack=touch /tmp/x')).rejects.toMatchObject({ code: 'invalid' })
    expect(await readdir(folder)).toEqual([])

    const first = key()
    const project = await clone('tiny', remote.url(), first)
    expect(project).toMatchObject({ name: 'tiny', path: join(folder, 'tiny'), demo: false })
    expect(await clone('tiny', remote.url(), first)).toMatchObject({ id: project.id })
    expect(existsSync(join(folder, 'tiny', 'README.md'))).toBe(true)
    await expect(clone('tiny')).rejects.toMatchObject({ code: 'conflict' })
    await waitUntil(() => changes.some((change) => change.type === 'progress' && change.key === first), {
      what: 'progress',
    })

    remote.held.yes = true
    const cancelled = key()
    const waiting = clone('cancelled', remote.url(), cancelled)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    await waitUntil(() => remote.held.waiting > 0, { what: 'the clone to be under way' })
    expect(await world.api.call('projects.cancelClone', { key: key(), cloneKey: cancelled })).toEqual({
      cancelled: true,
    })
    await refused
    expect(await readdir(folder)).toEqual(['tiny'])

    const interrupted = clone('survivor')
    const before = remote.held.waiting
    await waitUntil(() => remote.held.waiting > before, { what: 'the next clone to be under way' })
    process.kill((await world.serverPid()) ?? 0, 'SIGKILL')
    remote.held.yes = false
    remote.held.release.resolve()
    expect(await interrupted).toMatchObject({ name: 'survivor' })
    expect((await readdir(folder)).sort()).toEqual(['survivor', 'tiny'])

    stop.abort()
    await listening
    const config = await readFile(join(folder, 'tiny', '.git', 'config'), 'utf8')
    expect(config).not.toContain(PASSWORD)
    expect(JSON.stringify(changes)).not.toContain(PASSWORD)
    for (const name of await readdir(world.home, { recursive: true })) {
      const content = await readFile(join(world.home, name)).catch(() => Buffer.alloc(0))
      expect(content.includes(PASSWORD), name).toBe(false)
    }
  })
})

describe('projects', () => {
  it('are chosen from folders, list their branches, are forgotten and come back; sessions get what the server has to give', async () => {
    let asked = 0
    await using world = await EngineWorld.create(
      () => say('hello'),
      ({ folder, model }) => ({
        demo: {
          prepare: async () => {
            const path = join(folder, 'demo')
            if (!existsSync(path)) await smallRepository(path)
            return { path }
          },
          environment: async () => {
            asked += 1
            return { env: { ...model.env(), DEMO: 'yes' } }
          },
        },
      }),
    )
    const list = (path: string) => world.api.call('folders.list', { path })
    await mkdir(join(world.folder, 'locked'))
    await mkdir(join(world.folder, '.hidden'))
    await chmod(join(world.folder, 'locked'), 0o000)
    const top = await list(world.folder)
    expect(top).toMatchObject({ path: world.folder, repository: false, parent: join(world.folder, '..') })
    const names = top.folders.map(({ name, repository }) => `${name}${repository ? ' (repository)' : ''}`)
    expect(names).toContain('repo (repository)')
    expect(names).toContain('locked')
    expect(names).not.toContain('.hidden')
    expect(await list(world.repo)).toMatchObject({ repository: true })
    await expect(list(join(world.folder, 'nowhere'))).rejects.toMatchObject({ code: 'not_found' })
    await expect(list(join(world.repo, 'README.md'))).rejects.toMatchObject({ code: 'invalid' })
    await expect(list('relative')).rejects.toMatchObject({ code: 'invalid' })
    expect((await world.api.call('folders.list', {})).path).toMatch(/^\//)

    const project = await world.project()
    await git(world.repo, ['branch', 'later'])
    const { branches, base } = await world.api.call('projects.branches', { projectId: project.id })
    expect(branches).toContain('later')
    expect(branches[0]).toBe(base)

    const used = await world.workspace({ name: 'used' })
    const remove = () => world.api.call('projects.remove', { key: key(), projectId: project.id })
    await expect(remove()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('used') })
    await world.api.call('workspaces.remove', { key: key(), workspaceId: used.id, confirm: true })
    await remove()
    expect(await world.api.call('projects.list', {})).toEqual([])
    expect(existsSync(join(world.repo, 'README.md'))).toBe(true)
    expect((await world.project()).id).toBe(project.id)
    expect(await world.api.call('projects.list', {})).toMatchObject([{ id: project.id }])

    const demo = await world.api.call('projects.demo', { key: key() })
    expect(demo).toMatchObject({ demo: true, name: 'demo' })
    expect(['trusted', 'nothing_to_trust']).toContain(demo.trust.state)
    await world.restart()
    expect((await world.api.call('projects.list', {})).find(({ id }) => id === demo.id)).toMatchObject({ demo: true })
    expect(asked).toBe(0)
  })

  it('of a server with an environment of its own give it to sessions that were given none; the demo’s get the demo’s', async () => {
    await using world = await EngineWorld.create(
      (request) => say(`Hello, ${request.headers['x-api-key'] ?? ''}`),
      ({ folder, model }) => ({
        environment: given(folder, model, 'of-the-server'),
        demo: {
          prepare: async () => {
            const path = join(folder, 'demo')
            if (!existsSync(path)) await smallRepository(path)
            return { path }
          },
          environment: async () => given(folder, model, 'of-the-demo'),
        },
      }),
    )
    const said = async (projectId: string) => {
      const { id } = await world.api.call('workspaces.create', {
        key: key(),
        projectId,
        session: { permissionMode: 'accept_edits' },
        prompt: [{ type: 'text', text: 'Hello?' }],
      })
      const { sessions } = await world.ready(id)
      return (await world.turnsEnded(sessions[0]?.id ?? '', 1)).lastTurn
    }
    const mine = await said((await world.project()).id)
    const demo = await said((await world.api.call('projects.demo', { key: key() })).id)
    const keys = new Set(world.model.requests.map(({ headers }) => headers['x-api-key']))
    expect(keys).toEqual(new Set(['key-of-the-server', 'key-of-the-demo']))
    // What was said of them is shown without them.
    expect(JSON.stringify([mine, demo])).not.toContain('key-of')
  })
})

/** What claude needs to reach the scripted model, with a key that tells who gave it. */
function given(folder: string, model: Pick<Model, 'env'>, whose: string) {
  const path = [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH ?? ''].join(':')
  const { ANTHROPIC_API_KEY: _, ...env } = claudeEnv(model, join(folder, 'user'), { PATH: path })
  return { env, secrets: { ANTHROPIC_API_KEY: `key-${whose}` } }
}
