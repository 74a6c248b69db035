import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { git, streamsLong, waitUntil, writesFile } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { runnerPid } from './elsewhere.ts'
import { engineWith } from './elsewhere-world.ts'
import { type EngineWorld, key } from './engine-world.ts'

const run = promisify(execFile)

const remove = (world: EngineWorld, workspaceId: string, keepBranch = false) =>
  world.api.call('workspaces.remove', { key: key(), workspaceId, confirm: true, keepBranch })

describe('a workspace on a machine that other workspaces share', () => {
  it('has the project’s commits and ignored files, and its work comes back: applied, as a branch, and after it was removed', async () => {
    await using computer = await engineWith(writesFile('made-there.txt', 'there\n'), () => ({ lifetime: 'shared' }))
    const { world, there } = computer
    await writeFile(join(world.repo, '.gitignore'), 'local.env\n')
    await writeFile(join(world.repo, '.worktreeinclude'), 'local.env\n')
    await git(world.repo, ['add', '.'])
    await git(world.repo, ['commit', '--quiet', '-m', 'Name an ignored file'])
    await writeFile(join(world.repo, 'local.env'), 'COLOUR=red\n')
    const workspace = await world.workspace({ on: 'elsewhere:box', prompt: 'Write it.' })
    expect(workspace.machine).toBe('elsewhere:box')
    expect(workspace.path).toContain(there.folder('elsewhere:box'))
    await world.turnsEnded(workspace.sessions[0]?.id ?? '', 1)
    expect(await readFile(join(workspace.path, 'local.env'), 'utf8')).toBe('COLOUR=red\n')
    expect(await readFile(join(workspace.path, 'made-there.txt'), 'utf8')).toBe('there\n')
    expect(await git(workspace.path, ['rev-parse', 'HEAD'])).toBe(await git(world.repo, ['rev-parse', 'HEAD']))
    const { files } = await world.api.call('workspaces.changes', { workspaceId: workspace.id })
    expect(files.map(({ path }) => path)).toEqual(['made-there.txt'])

    const applied = await world.api.call('workspaces.apply', {
      key: key(),
      workspaceId: workspace.id,
      to: { checkout: true },
    })
    expect(applied).toMatchObject({ applied: true, files: 1 })
    expect(await readFile(join(world.repo, 'made-there.txt'), 'utf8')).toBe('there\n')
    await rm(join(world.repo, 'made-there.txt'))
    await world.api.call('workspaces.apply', { key: key(), workspaceId: workspace.id, to: { branch: 'from-there' } })
    expect(await git(world.repo, ['show', 'from-there:made-there.txt'])).toBe('there\n')
    expect(await git(world.repo, ['worktree', 'list'])).not.toContain('copies')

    await remove(world, workspace.id)
    expect(existsSync(workspace.path)).toBe(false)
    await world.api.call('workspaces.restore', { key: key(), workspaceId: workspace.id })
    const back = await world.ready(workspace.id)
    expect(await readFile(join(back.path, 'made-there.txt'), 'utf8')).toBe('there\n')
    expect((await world.api.call('machines.list', {})).map(({ id }) => id)).toEqual(['local', 'elsewhere:box'])
  })

  it('says that it reconnects while the link is lost, and has every event afterwards', async () => {
    await using computer = await engineWith(streamsLong(200, 40), () => ({ lifetime: 'shared' }))
    const { world, there } = computer
    const workspace = await world.workspace({ on: 'elsewhere:box', prompt: 'Say much.' })
    const sessionId = workspace.sessions[0]?.id ?? ''
    const stop = new AbortController()
    const heartbeat = (async () => {
      for await (const change of world.api.subscribe('changes', {}, stop.signal))
        if (change.type === 'machine' && change.machine.roundTripMs !== undefined) return true
      return false
    })().catch(() => false)
    await waitUntil(async () => (await world.events(sessionId)).some(({ event }) => event.type === 'turn_started'), {
      what: 'the turn to begin',
    })
    there.cut('elsewhere:box')
    const lost = await waitUntil(
      async () => {
        const now = await world.api.call('workspaces.get', { workspace: workspace.id })
        return now.status.status === 'unknown' && now.status
      },
      { what: 'the workspace to say that its machine is out of reach' },
    )
    expect(lost.because).toMatch(/^reconnecting to elsewhere:box/)
    const [, machine] = await world.api.call('machines.list', {})
    expect(machine).toMatchObject({ id: 'elsewhere:box', state: 'reconnecting', running: 1 })
    there.mend()
    await world.turnsEnded(sessionId, 1)
    const events = await world.events(sessionId)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1))
    expect(events.filter(({ event }) => event.type === 'turn_ended')).toHaveLength(1)
    // That it answers is told by itself, to whoever listens.
    const late = setTimeout(() => stop.abort(), 20_000)
    expect(await heartbeat).toBe(true)
    clearTimeout(late)
  })

  it('notices a link over which nothing comes back, and one whose runner was killed', { timeout: 90_000 }, async () => {
    await using computer = await engineWith(streamsLong(5, 5), () => ({ lifetime: 'shared' }))
    const { world, there } = computer
    const workspace = await world.workspace({ on: 'elsewhere:box', prompt: 'Say a little.' })
    const sessionId = workspace.sessions[0]?.id ?? ''
    await world.turnsEnded(sessionId, 1)
    const stateOf = async () => (await world.api.call('machines.list', {}))[1]?.state
    there.freeze()
    there.cut('nothing')
    await waitUntil(async () => (await stateOf()) === 'reconnecting', {
      what: 'the dead link to be noticed',
      timeout: 30_000,
    })
    await world.prompt(sessionId, 'And again.')
    await world.turnsEnded(sessionId, 2)
    process.kill(await runnerPid(there.folder('elsewhere:box')), 'SIGKILL')
    await world.prompt(sessionId, 'And once more.')
    await world.turnsEnded(sessionId, 3)
    expect(await stateOf()).toBe('connected')
  })
})

describe('git on another machine', () => {
  it('gets the credentials of this computer for the project’s own hosts, and keeps them nowhere', async () => {
    await using computer = await engineWith(streamsLong(1, 1), () => ({ lifetime: 'shared' }))
    const { world, there } = computer
    await git(world.repo, ['remote', 'add', 'origin', 'https://forge.example/one.git'])
    const helper = '!f() { test "$1" = get && printf "username=me\\npassword=canary-4711\\n"; }; f'
    await git(world.repo, ['config', 'credential.helper', helper])
    const workspace = await world.workspace({ on: 'elsewhere:box' })
    const fill = (host: string) =>
      run('sh', ['-c', `printf 'protocol=https\\nhost=${host}\\n\\n' | git -C '${workspace.path}' credential fill`], {
        env: {
          PATH: process.env.PATH ?? '',
          HOME: join(there.folder('elsewhere:box'), 'home'),
          GIT_TERMINAL_PROMPT: '0',
        },
      })
    expect((await fill('forge.example')).stdout).toContain('password=canary-4711')
    await expect(fill('other.example')).rejects.toMatchObject({ stdout: expect.not.stringContaining('canary') })
    const found = await run('grep', ['-rlF', 'canary-4711', there.folder('elsewhere:box')]).catch(({ code }) => code)
    expect(found).toBe(1)
  })
})

describe('a machine that is made for one workspace', () => {
  it('goes with its workspace, whose work is kept at home and comes back on another such machine', async () => {
    await using computer = await engineWith(writesFile('made-there.txt', 'there\n'), () => ({ lifetime: 'workspace' }))
    const { world, there } = computer
    const workspace = await world.workspace({ on: 'elsewhere', permissionMode: 'bypass', prompt: 'Write it.' })
    expect(there.machines()).toEqual([`elsewhere:${workspace.id}`])
    await world.turnsEnded(workspace.sessions[0]?.id ?? '', 1)
    await remove(world, workspace.id)
    expect(there.machines()).toEqual([])
    await world.api.call('workspaces.restore', { key: key(), workspaceId: workspace.id })
    const back = await world.ready(workspace.id)
    expect(await readFile(join(back.path, 'made-there.txt'), 'utf8')).toBe('there\n')
    await remove(world, workspace.id, true)
    expect(there.machines()).toEqual([])
    expect(await git(world.repo, ['show', `${workspace.branch}:made-there.txt`])).toBe('there\n')
  })

  it('is ended when its workspace is removed while it is made, and does not come back', async () => {
    await using computer = await engineWith(streamsLong(1, 1), () => ({ lifetime: 'workspace' }))
    const { world, there } = computer
    there.hold = Promise.withResolvers<void>()
    const { id } = await world.api.call('workspaces.create', {
      key: key(),
      projectId: (await world.project()).id,
      on: 'elsewhere',
    })
    await waitUntil(() => there.holding, { what: 'the machine to be made' })
    const removing = remove(world, id)
    there.hold.resolve()
    expect((await removing).state).toBe('removed')
    expect(there.machines()).toEqual([])
    await world.restart()
    expect((await world.api.call('workspaces.get', { workspace: id })).state).toBe('removed')
    expect(there.machines()).toEqual([])
  })

  it('is ended by the reaper when nothing knows it any more', async () => {
    await using computer = await engineWith(streamsLong(1, 1), () => ({ lifetime: 'workspace' }))
    const { world, there } = computer
    const workspace = await world.workspace({ on: 'elsewhere' })
    const { mkdir } = await import('node:fs/promises')
    await mkdir(there.folder('elsewhere:w-forgotten'), { recursive: true })
    const { machines } = await world.engine.reap()
    expect(machines).toHaveLength(1)
    expect(there.machines()).toEqual([`elsewhere:${workspace.id}`])
  })

  it('may come with a checkout of its own, which is then the workspace', async () => {
    await using computer = await engineWith(writesFile('made-there.txt', 'there\n'), (repo) => ({
      lifetime: 'workspace',
      checkoutOf: repo,
    }))
    const { world, there } = computer
    const workspace = await world.workspace({ on: 'elsewhere', prompt: 'Write it.' })
    expect(workspace.path).toBe(join(there.folder(`elsewhere:${workspace.id}`), 'home', 'checkout'))
    await world.turnsEnded(workspace.sessions[0]?.id ?? '', 1)
    const { files } = await world.api.call('workspaces.changes', { workspaceId: workspace.id })
    expect(files.map(({ path }) => path)).toEqual(['made-there.txt'])
    await remove(world, workspace.id)
    expect(there.machines()).toEqual([])
    await world.api.call('workspaces.restore', { key: key(), workspaceId: workspace.id })
    const back = await world.ready(workspace.id)
    expect(await readFile(join(back.path, 'made-there.txt'), 'utf8')).toBe('there\n')
    expect(back.branch).toBe(workspace.branch)
  })
})
