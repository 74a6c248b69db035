import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { git, killAt, streamsLong, waitUntil, when } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { type Elsewhere, elsewhere } from './elsewhere.ts'
import { engineWith } from './elsewhere-world.ts'
import { EngineWorld, key } from './engine-world.ts'

const BIG = 'elsewhere:big'
const ahead = () => engineWith(streamsLong(1, 1), () => ({ lifetime: 'workspace' }))

function configure(world: EngineWorld, settings: Record<string, unknown>) {
  return world.api.call('machines.add', { key: key(), kind: 'elsewhere', name: 'big', settings })
}

async function fill(world: EngineWorld) {
  const { id: projectId } = await world.project()
  return world.api.call('machines.fill', { key: key(), machineId: BIG, projectId })
}

async function poolOf(world: EngineWorld) {
  const machines = await world.api.call('machines.list', {})
  return machines.find(({ id }) => id === BIG)?.pools?.[0]
}

const waitingOf = async (world: EngineWorld) =>
  (await world.api.call('machines.list', {})).filter(({ pool }) => pool?.ready).map(({ id }) => id)

function filled(world: EngineWorld, ready: number) {
  return waitUntil(
    async () => {
      const pool = await poolOf(world)
      return pool?.ready === ready && pool.preparing === 0 && waitingOf(world)
    },
    { what: `${ready} machines to wait`, timeout: 60_000, explain: async () => [await poolOf(world), world.log] },
  )
}

describe('machines that are made ahead', { timeout: 120_000 }, () => {
  it('are handed out to new workspaces with the project on them, made anew behind, and ended with their settings', async () => {
    await using computer = await ahead()
    const { world, there } = computer
    await configure(world, { pool: 2 })
    const first = await world.workspace({ on: BIG })
    expect(first.machine).toBe(`elsewhere:${first.id}`)
    const waiting = await filled(world, 2)
    // Neither workspace waits for a machine to be made.
    there.hold = Promise.withResolvers<void>()
    const second = await world.workspace({ on: BIG })
    expect(waiting).toContain(second.machine)
    expect(second.steps[0]?.note).toMatch(/from the pool/)
    expect(second.steps[1]?.note).toMatch(/from the pool/)
    expect(await git(second.path, ['rev-parse', 'HEAD'])).toBe(await git(world.repo, ['rev-parse', 'HEAD']))
    there.hold.resolve()
    await filled(world, 2)
    expect(there.machines()).toHaveLength(4)

    await world.api.call('workspaces.remove', { key: key(), workspaceId: second.id, confirm: true })
    expect(there.machines()).not.toContain(second.machine)
    await world.api.call('machines.remove', { key: key(), machineId: BIG })
    expect(there.machines()).toEqual([first.machine])
    expect((await world.api.call('machines.list', {})).map(({ id }) => id)).not.toContain(BIG)
  })

  it('are replaced when their settings or what they are made of is another, and given up with their project', async () => {
    await using computer = await ahead()
    const { world, there } = computer
    await configure(world, { pool: 1 })
    await fill(world)
    const [before] = await filled(world, 1)
    await configure(world, { pool: 1, size: 2 })
    const [resized] = await waitUntil(
      async () => {
        const now = await filled(world, 1)
        return now[0] !== before && now
      },
      { what: 'a machine of the other size' },
    )
    there.image = 'the second'
    await fill(world)
    const [last] = await waitUntil(
      async () => {
        const now = await filled(world, 1)
        return now[0] !== resized && now
      },
      { what: 'a machine of the other image' },
    )
    await waitUntil(() => there.machines().join() === last, { what: 'the others to be gone' })
    await world.api.call('projects.remove', { key: key(), projectId: (await world.project()).id })
    await waitUntil(() => there.machines().length === 0, { what: 'the last to be gone', explain: () => world.log })
  })

  it('that cannot be made are told of once, and tried again later rather than at once', async () => {
    await using computer = await ahead()
    const { world, there } = computer
    const notices: string[] = []
    const stop = new AbortController()
    const listening = (async () => {
      for await (const change of world.api.subscribe('changes', {}, stop.signal))
        if (change.type === 'notice') notices.push(`${change.title}: ${change.detail}`)
    })().catch(() => undefined)
    await configure(world, { pool: 3 })
    there.refuse = 'no folder is free'
    await fill(world)
    const failed = await waitUntil(
      async () => {
        const pool = await poolOf(world)
        return pool?.problem !== undefined && pool.preparing === 0 && pool
      },
      { what: 'the failure to be told', explain: () => world.log },
    )
    expect(failed).toMatchObject({ ready: 0, problem: 'no folder is free' })
    expect(failed.retryAt).toBeGreaterThan(Date.now() + 5000)
    expect(notices).toEqual([`A machine of ${BIG} could not be made ahead: no folder is free`])
    const asked = there.asked.length
    // A look before its time makes nothing.
    await world.restart()
    expect(await poolOf(world)).toMatchObject({ problem: 'no folder is free' })
    expect(there.asked).toHaveLength(asked)
    there.refuse = undefined
    await fill(world)
    await filled(world, 3)
    expect((await poolOf(world))?.problem).toBeUndefined()
    stop.abort()
    await listening
  })

  it('one that does not answer any more is not handed out', async () => {
    await using computer = await ahead()
    const { world, there } = computer
    await configure(world, { pool: 1 })
    await fill(world)
    const [dead = ''] = await filled(world, 1)
    // Its runner goes, and so does its folder, as if somebody had removed the machine.
    await there.end()
    await rm(there.folder(dead), { recursive: true, force: true })
    const workspace = await world.workspace({ on: BIG })
    expect(workspace.machine).not.toBe(dead)
    const [fresh] = await filled(world, 1)
    expect(fresh).not.toBe(dead)
  })

  it('are there once each when the engine was killed in the middle of making them', async () => {
    let there: Elsewhere | undefined
    await using world = await EngineWorld.create(streamsLong(1, 1), ({ folder }) => {
      there = elsewhere(join(folder, 'elsewhere'), { lifetime: 'workspace' })
      return { plugins: [there.plugin] }
    })
    const machines = there as unknown as Elsewhere
    const root = join(world.folder, 'elsewhere')
    try {
      await world.engine.close()
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'filling-engine.ts'), world.home, world.repo, root],
        {
          stdio: 'inherit',
        },
      )
      const begun = when('two machines to be begun', () => existsSync(root) && readdirSync(root).length >= 2)
      await killAt(child, begun, { timeout: 60_000 })
      await world.restart()
      const waiting = await filled(world, 3)
      expect(machines.machines().toSorted()).toEqual(waiting.toSorted())
      const { machines: reaped } = await world.engine.reap()
      expect(reaped).toEqual([])
    } finally {
      await world.engine.close()
      await machines.end()
    }
  })
})
