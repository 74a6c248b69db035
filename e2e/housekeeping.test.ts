import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SkeinApi, Workspace } from '@skein/protocol'
import { remembers, streamsLong, waitUntil } from '@skein/testkit'
import { type Engine, openSkein } from 'skein'
import { describe, expect, it } from 'vitest'
import { gitIn } from './cli-output.ts'
import { World } from './world.ts'

const DAY = 86_400_000

/** The engine in this process, with its own idea of what is long and what is much. */
async function engineIn(world: World, settings: Parameters<typeof openSkein>[0]['settings']): Promise<Engine> {
  await mkdir(world.home, { recursive: true, mode: 0o700 })
  return openSkein({ home: world.home, ...(settings ? { settings } : {}) })
}

async function workspaceWith(
  world: World,
  api: SkeinApi,
  name: string,
  prompt: string,
  options: object = {},
): Promise<Workspace> {
  const project = await api.call('projects.open', { key: name, path: world.repo })
  return api.call('workspaces.create', {
    key: `create-${name}`,
    projectId: project.id,
    name,
    session: { environment: world.environment, ...options },
    prompt: [{ type: 'text', text: prompt }],
  })
}

function turnsOf(api: SkeinApi, { sessions }: Workspace, turns: number) {
  return waitUntil(
    async () => {
      const session = await api.call('sessions.get', { sessionId: sessions[0]?.id ?? '' })
      return session.turns >= turns && session.lastTurn?.stopReason !== undefined ? session : undefined
    },
    { what: `${turns} turns`, timeout: 60_000 },
  )
}

describe('idle agents', () => {
  it('are stopped after a while, and sooner when all together use too much memory, the longest idle first', {
    timeout: 180_000,
  }, async () => {
    await using world = await World.create(remembers)
    await using engine = await engineIn(world, { idleMs: 3_600_000, memoryCeiling: 1024 ** 4 })
    const first = await workspaceWith(world, engine.api, 'first', 'one')
    await turnsOf(engine.api, first, 1)
    const second = await workspaceWith(world, engine.api, 'second', 'two')
    await turnsOf(engine.api, second, 1)
    expect(await engine.hibernateIdle()).toEqual([])
    expect((await world.agentPids()).length).toBe(2)
    await engine.close()
    // An agent takes some 200 MB: one may stay below this ceiling, two may not.
    await using tight = await engineIn(world, { idleMs: 3_600_000, memoryCeiling: 350 * 1024 ** 2 })
    expect(await waitUntil(async () => (await tight.hibernateIdle()).at(0), { what: 'an agent to be stopped' })).toBe(
      first.sessions[0]?.id,
    )
    await waitUntil(async () => (await world.agentPids()).length === 1, { what: 'one agent to be left' })
    expect(await tight.hibernateIdle()).toEqual([])
    await tight.close()
    await using impatient = await engineIn(world, { idleMs: 0 })
    expect(
      await waitUntil(async () => (await impatient.hibernateIdle()).at(0), { what: 'the other to be stopped' }),
    ).toBe(second.sessions[0]?.id)
    await waitUntil(async () => (await world.agentPids()).length === 0, { what: 'no agent to be left' })
    // The end of a process reaches the transcript through its journal, a moment after the process is gone.
    await waitUntil(
      async () => {
        const { status } = await impatient.api.call('workspaces.get', { workspace: 'first' })
        return status.evidence.some(({ what }) => what === 'no agent process: it is resumed at the next prompt')
      },
      { what: 'the status to say that no agent process is there' },
    )
  })

  it('that work are left alone', { timeout: 120_000 }, async () => {
    await using world = await World.create(streamsLong(200, 20))
    await using engine = await engineIn(world, { idleMs: 0, memoryCeiling: 1 })
    const workspace = await workspaceWith(world, engine.api, 'busy', 'go')
    await waitUntil(
      async () =>
        (await engine.api.call('sessions.get', { sessionId: workspace.sessions[0]?.id ?? '' })).state === 'working',
      { what: 'work' },
    )
    expect(await engine.hibernateIdle()).toEqual([])
    expect((await turnsOf(engine.api, workspace, 1)).lastTurn?.stopReason).toBe('end_turn')
  })
})

describe('a cost limit', () => {
  it('ends the turn that would begin above it', { timeout: 120_000 }, async () => {
    await using world = await World.create(remembers)
    await using engine = await engineIn(world, {})
    const workspace = await workspaceWith(world, engine.api, 'dear', 'one', { maxCost: 0.0001 })
    const sessionId = workspace.sessions[0]?.id ?? ''
    await turnsOf(engine.api, workspace, 1)
    await engine.api.call('sessions.prompt', { key: 'second', sessionId, content: [{ type: 'text', text: 'two' }] })
    const session = await turnsOf(engine.api, workspace, 2)
    expect(session.lastTurn).toMatchObject({ stopReason: 'budget' })
    expect(session.queued).toBe(0)
  })
})

describe('the reaper', () => {
  it('ends what belongs to nothing: a work tree after a snapshot, a process, a snapshot past its time', {
    timeout: 120_000,
  }, async () => {
    await using world = await World.create(remembers)
    await using engine = await engineIn(world, { trashMs: 30 * DAY })
    const workspace = await workspaceWith(world, engine.api, 'known', 'one')
    await turnsOf(engine.api, workspace, 1)
    const orphan = join(world.home, 'workspaces', 'repo', 'orphan')
    await gitIn(world.repo, 'worktree', 'add', '-q', '-b', 'skein/orphan', orphan)
    await writeFile(join(orphan, 'unsaved.txt'), 'unsaved\n')
    const found = await engine.reap()
    expect(found.worktrees).toEqual([orphan])
    expect(existsSync(orphan)).toBe(false)
    expect(existsSync(workspace.path)).toBe(true)
    const [ref] = (await gitIn(world.repo, 'for-each-ref', '--format=%(refname)', 'refs/skein/trash/'))
      .trim()
      .split('\n')
    expect(ref).toMatch(/orphan/)
    expect((await engine.reap()).snapshots).toEqual([])
    await engine.close()
    await using later = await engineIn(world, { trashMs: -1 })
    expect((await later.reap()).snapshots).toEqual([ref])
    expect(await gitIn(world.repo, 'for-each-ref', 'refs/skein/trash/')).toBe('')
  })
})
