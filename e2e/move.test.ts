import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Workspace } from '@skein/protocol'
import { git, remembers, type ScriptFunction, waitUntil, writesFile } from '@skein/testkit'
import { expect, it } from 'vitest'
import { type Elsewhere, elsewhere } from './elsewhere.ts'
import { EngineWorld, key, words } from './engine-world.ts'

/** An engine with a machine that workspaces share, and with machines of their own. */
async function engineBetween(script: ScriptFunction) {
  const kinds: Elsewhere[] = []
  const world = await EngineWorld.create(script, ({ folder }) => {
    kinds.push(
      elsewhere(join(folder, 'boxes'), { kind: 'box', lifetime: 'shared' }),
      elsewhere(join(folder, 'pods'), { kind: 'pod', lifetime: 'workspace' }),
    )
    return { plugins: kinds.map(({ plugin }) => plugin) }
  })
  return {
    world,
    pods: kinds[1] as Elsewhere,
    async [Symbol.asyncDispose]() {
      await world.engine.close()
      for (const kind of kinds) await kind.end()
      await world[Symbol.asyncDispose]()
    },
  }
}

async function move(world: EngineWorld, workspace: Workspace, to: string): Promise<Workspace> {
  const moving = await world.api.call('workspaces.move', { key: key(), workspaceId: workspace.id, to })
  expect(moving.status.because).toMatch(/^moving to /)
  await world.ready(workspace.id)
  // The old place goes behind.
  return waitUntil(
    async () => {
      const now = await world.api.call('workspaces.get', { workspace: workspace.id })
      return !existsSync(workspace.path) && now
    },
    { what: `${workspace.path} to be left`, explain: () => world.log },
  )
}

const said = async (world: EngineWorld, sessionId: string) =>
  (await world.events(sessionId)).flatMap(({ event }) =>
    event.type === 'agent_message' ? [JSON.stringify(event)] : [],
  )

it('goes from here to another machine, to one of its own, and back, with its files and what its session remembers', {
  timeout: 120_000,
}, async () => {
  await using computer = await engineBetween(remembers)
  const { world, pods } = computer
  let workspace = await world.workspace({ prompt: 'The first word is heron.' })
  const sessionId = workspace.sessions[0]?.id ?? ''
  await world.turnsEnded(sessionId, 1)
  await writeFile(join(workspace.path, 'untracked.txt'), 'mine\n')
  await writeFile(join(workspace.path, 'staged.txt'), 'staged\n')
  await git(workspace.path, ['add', 'staged.txt'])
  const { branch } = workspace
  for (const [turn, to] of ['box:one', 'pod', 'local'].entries()) {
    workspace = await move(world, workspace, to)
    expect(workspace.machine).toMatch(new RegExp(`^${to.split(':')[0]}`))
    expect(await readFile(join(workspace.path, 'untracked.txt'), 'utf8')).toBe('mine\n')
    expect(await git(workspace.path, ['status', '--porcelain'])).toContain('A  staged.txt')
    expect(await git(workspace.path, ['branch', '--show-current'])).toBe(`${branch}\n`)
    await world.api.call('sessions.prompt', { key: key(), sessionId, content: words(`Now at ${to}.`) })
    await world.turnsEnded(sessionId, turn + 2)
    expect((await said(world, sessionId)).at(-1)).toContain('The first word is heron.')
    expect((await said(world, sessionId)).at(-1)).toContain(`Now at ${to}.`)
  }
  expect(pods.machines()).toEqual([])
  expect(await git(world.repo, ['for-each-ref', 'refs/skein/move'])).toBe('')
})

it('stays where it was when the new place cannot be made', async () => {
  await using computer = await engineBetween(writesFile('here.txt'))
  const { world, pods } = computer
  const workspace = await world.workspace({ prompt: 'Write it.' })
  await world.turnsEnded(workspace.sessions[0]?.id ?? '', 1)
  await expect(
    world.api.call('workspaces.move', { key: key(), workspaceId: workspace.id, to: 'nowhere:x' }),
  ).rejects.toMatchObject({ code: 'invalid', message: 'there is no kind of machine "nowhere"' })
  pods.refuse = 'no room for another pod'
  await world.api.call('workspaces.move', { key: key(), workspaceId: workspace.id, to: 'pod' })
  const back = await world.ready(workspace.id)
  expect(back).toMatchObject({
    machine: 'local',
    path: workspace.path,
    problem: { message: `it could not move to pod:${workspace.id}: no room for another pod` },
  })
  expect(existsSync(join(workspace.path, 'here.txt'))).toBe(true)
  expect(pods.machines()).toEqual([])
})

it('goes on with a move that was under way when the engine ended', { timeout: 90_000 }, async () => {
  await using computer = await engineBetween(remembers)
  const { world } = computer
  const workspace = await world.workspace({ prompt: 'The first word is heron.' })
  const sessionId = workspace.sessions[0]?.id ?? ''
  await world.turnsEnded(sessionId, 1)
  await writeFile(join(workspace.path, 'untracked.txt'), 'mine\n')
  await world.api.call('workspaces.move', { key: key(), workspaceId: workspace.id, to: 'box:one' })
  await world.restart()
  await waitUntil(async () => !existsSync(workspace.path), {
    what: 'the old place to be left',
    explain: () => world.log,
  })
  const moved = await world.ready(workspace.id)
  expect(moved.machine).toBe('box:one')
  expect(await readFile(join(moved.path, 'untracked.txt'), 'utf8')).toBe('mine\n')
  await world.prompt(sessionId, 'And there?')
  await world.turnsEnded(sessionId, 2)
  expect((await said(world, sessionId)).at(-1)).toContain('The first word is heron.')
})
