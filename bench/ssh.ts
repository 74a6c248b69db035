import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { answersPing, waitUntil } from '@skein/testkit'
import { sshPlace } from '../e2e/faults/ssh-place.ts'
import { type Benchmark, median } from './figure.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7)

export const ssh: Benchmark = {
  name: 'ssh',
  about: 'a second start on a host, and a link that was cut, against a plain `ssh host true`',

  async measure(progress, signal) {
    await using place = await sshPlace(answersPing)
    const { world } = place
    const state = place.journals.slice(0, place.journals.indexOf('/*'))
    const journals = () => journalsUnder(state)
    const start = async () => {
      const before = new Set(journals().map(({ path }) => path))
      const began = performance.now()
      const run = world.start(['run', '--on', place.on, '--json', 'ping'])
      const at = async (what: string, fits: (size: number) => boolean) => {
        await waitUntil(() => journals().some(({ path, size }) => !before.has(path) && fits(size)), {
          what,
          timeout: 60_000,
          every: 2,
          explain: run.stderr,
        })
        return performance.now() - began
      }
      const started = await at('the agent’s process', () => true)
      const spoke = await at('the agent’s first byte', (size) => size > 0)
      const { code, stderr } = await run.ended
      if (code !== 0) throw new Error(stderr)
      return { started, spoke }
    }
    progress('a first start, which brings the runner')
    await start()
    progress(`${ROUNDS} more`)
    const starts = []
    const plain = []
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted()
      starts.push(await start())
      plain.push(await plainRun(place.config))
    }
    progress(`${ROUNDS} cuts`)
    const cuts = []
    for (let round = 0; round < ROUNDS; round++) cuts.push(await cut(place))
    const note = `load ${loadavg()[0]?.toFixed(1)} on this computer, which is both ends`
    const common = { unit: 'ms', plain: median(plain), runs: ROUNDS, note } as const
    return [
      {
        what: 'second `skein run --on ssh:`, until the agent’s process is there',
        skein: median(starts.map(({ started }) => started)),
        ...common,
        budget: { of: 'value', atMost: 1000 },
      },
      { what: 'the same, until its first byte', skein: median(starts.map(({ spoke }) => spoke)), ...common },
      { what: 'reconnected after a cut', skein: median(cuts), ...common, budget: { of: 'value', atMost: 2000 } },
    ]
  },
}

/** Kills what carries the link; how long until the runner over there has answered again. */
async function cut({ world, faults }: Awaited<ReturnType<typeof sshPlace>>): Promise<number> {
  const box = async () => (await world.api.call('machines.list', {})).find(({ kind }) => kind === 'ssh')
  await waitUntil(async () => (await box())?.state === 'connected', { what: 'the machine', timeout: 60_000 })
  const before = (await box())?.since
  const began = performance.now()
  await faults[1]?.strike(0)
  // Nobody connects to a machine that nobody needs.
  await waitUntil(async () => (await box())?.since !== before, { what: 'the cut to be noticed', every: 5 })
  await world.api.call('machines.start', { key: crypto.randomUUID(), machineId: 'ssh:box' })
  await waitUntil(async () => (await box())?.state === 'connected', { what: 'the link', timeout: 60_000, every: 5 })
  return performance.now() - began
}

async function plainRun(config: string): Promise<number> {
  const began = performance.now()
  await promisify(execFile)('ssh', ['-F', config, 'box', 'true'])
  return performance.now() - began
}

function journalsUnder(state: string): { path: string; size: number }[] {
  if (!existsSync(state)) return []
  return readdirSync(state).flatMap((owner) => {
    const sessions = join(state, owner, 's')
    if (!existsSync(sessions)) return []
    return readdirSync(sessions).flatMap((session) => {
      const path = join(sessions, session, 'out.1.ndjson')
      const found = statSync(path, { throwIfNoEntry: false })
      return found ? [{ path, size: found.size }] : []
    })
  })
}
