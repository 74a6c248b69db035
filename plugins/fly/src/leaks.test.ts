import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { SkeinError } from '@skein/plugin-api'
import { isThorough, seededRandom, waitUntil } from '@skein/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFlyProvider } from './provider.ts'
import { type FlyWorld, flyWorld } from './testing/fly-world.ts'

const CALLER = fileURLToPath(new URL('./testing/make-machines.ts', import.meta.url))
const RUNS = isThorough ? 500 : 10
const KILLS = isThorough ? 60 : 2
const AT_ONCE = 16
/** Of each fault, for each call. */
const OFTEN = 0.05

let world: FlyWorld
beforeAll(async () => {
  world = await flyWorld({ seed: 7 })
})
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
})

/** What the engine's reaper does after a crash: everything of ours that exists is ended. It knows nothing but the home. */
async function reap(): Promise<void> {
  const provider = createFlyProvider({ token: world.fly.token, random: () => 0.1 })
  // A list may show a machine late, so that what it shows counts once it is the same twice.
  for (let quiet = 0; quiet < 2; quiet++) {
    const found = await Array.fromAsync(provider.list('tests', world.context))
    await Promise.all(found.map(async (record) => (await provider.attach(record, world.context)).destroy()))
    if (found.length > 0) quiet = -1
  }
}

function addFaults(): void {
  const { faults } = world.fly
  for (const kind of ['429', '500', '502', '503', '504', 'reset', '408'] as const) {
    faults.add({ kind, probability: OFTEN })
    // Done, and the answer lost.
    if (kind !== '429') faults.add({ kind, after: true, probability: OFTEN })
  }
  faults.add({ kind: 'stale-list', operation: 'Machines_create', probability: 0.2, delayMs: 500 })
  faults.add({ kind: 'duplicate-create', operation: 'Machines_create', probability: 0.1 })
  faults.add({ kind: 'stuck-destroying', operation: 'Machines_delete', probability: 0.2, delayMs: 800 })
  if (isThorough) faults.add({ kind: 'hang', operation: ['Machines_wait', 'Machines_delete'], probability: 0.02 })
  faults.add({ kind: 'capacity', operation: 'Machines_create', probability: 0.05 })
}

test(
  `better 1 and 3: ${RUNS} runs with faults at every call leave no machine and no volume, and end no healthy one`,
  async () => {
    addFaults()
    const random = seededRandom(11)
    const outcomes = { worked: 0, refused: 0, notDestroyed: 0 }
    const one = async (index: number): Promise<void> => {
      const settings = { image: 'plain:1', ...(random() < 0.3 ? { volume: 1 } : {}), region: 'iad,ams' }
      try {
        const machine = await world.make(`run-${index}`, settings)
        expect(world.fly.machine(String(machine.record.details.machine)).state).toBe('started')
        outcomes.worked++
        // A caller that forgets is the reaper's.
        if (random() < 0.2) return
        await machine.destroy().catch(() => outcomes.notDestroyed++)
      } catch (error) {
        expect(error).toBeInstanceOf(SkeinError)
        if (!(error instanceof SkeinError) || error.code === 'internal') throw error
        outcomes.refused++
      }
    }
    let next = 0
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < RUNS) await one(next++)
      }),
    )
    world.fly.faults.clear()
    await reap()
    expect(world.fly.machines()).toEqual([])
    expect(world.fly.volumes()).toEqual([])
    expect(outcomes.worked).toBeGreaterThan(RUNS / 2)
    expect(world.fly.limits.violations).toEqual([])
  },
  isThorough ? 1_800_000 : 120_000,
)

test(
  `better 1 and 2: a caller killed at any of its calls leaves nothing that the reaper does not find`,
  async () => {
    for (let step = 1; step <= KILLS; step++) {
      const specs = [0, 1].map((index) => world.spec(`killed-${step}-${index}`, { image: 'plain:1', volume: 1 }))
      const { home, fly } = world
      const before = fly.journal.length
      const child = spawn(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        CALLER,
        JSON.stringify({ home, token: fly.token, specs }),
      ])
      const exited = once(child, 'exit')
      // Its calls are: volumes, volume, machine, wait, delete, wait, list, volumes, …
      await waitUntil(() => fly.journal.length >= before + ((step - 1) % 9) + 2 || child.exitCode !== null, {
        what: 'the call',
        every: 2,
      })
      child.kill('SIGKILL')
      await exited
    }
    await reap()
    expect(world.fly.machines()).toEqual([])
    expect(world.fly.volumes()).toEqual([])
  },
  isThorough ? 600_000 : 60_000,
)
