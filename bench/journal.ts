import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RunnerClient } from '@skein/protocol'
import { temporaryFolder } from '@skein/testkit'
import { type Benchmark, type Figure, median, percentile } from './figure.ts'
import { interleaved, timed } from './interleave.ts'
import { startRunner } from './runner.ts'

const AGENTS = 50
/** As Claude Code streams: some thirty deltas a second. */
const INTERVAL_MS = 33
const LINES_EACH = 300
const ROUNDS = 5
const BULK_LINES = 200_000

export const journal: Benchmark = {
  name: 'journal',
  about: `${AGENTS} agents that stream at once, through a runner to a subscriber`,

  async measure(progress, signal) {
    await using folder = await temporaryFolder('bench-journal', { grace: 30_000 })
    await using runner = await startRunner(folder.path)
    const client = await runner.connect()

    progress(`${AGENTS} agents, ${Math.round(1000 / INTERVAL_MS)} lines a second each`)
    const delays = (
      await Promise.all(Array.from({ length: AGENTS }, (_, n) => delaysOf(client, `agent-${n}`, folder.path)))
    ).flat()

    progress(`${BULK_LINES.toLocaleString('en')} lines as fast as they go, ${ROUNDS} rounds`)
    const times = await interleaved(
      ROUNDS,
      {
        skein: (round) => timed(() => readBulk(client, `bulk-${round}`, folder.path)),
        plain: () => timed(() => readPipe(folder.path)),
      },
      signal,
    )
    client.close()
    return [...latency(delays), throughput(times)]
  },
}

function latency(delays: number[]): Figure[] {
  const base = { unit: 'ms', runs: delays.length } as const
  const note = 'from just before the agent writes a line until a subscriber of the runner has it'
  return [
    { what: 'line to subscriber, p50', skein: percentile(delays, 50), ...base, note },
    { what: 'line to subscriber, p99', skein: percentile(delays, 99), ...base, budget: { of: 'value', atMost: 50 } },
  ]
}

function throughput(times: Record<'skein' | 'plain', number[]>): Figure {
  const perSecond = (ms: number) => BULK_LINES / (ms / 1000)
  return {
    what: 'throughput of one agent',
    unit: 'lines/s',
    skein: perSecond(median(times.skein)),
    plain: perSecond(median(times.plain)),
    runs: ROUNDS,
    note: 'plain: the same program through a pipe',
  }
}

/** Runs one streaming agent to its end. Resolves to how late each of its lines came, in milliseconds. */
async function delaysOf(client: RunnerClient, id: string, cwd: string): Promise<number[]> {
  const delays: number[] = []
  await follow(client, id, cwd, emitter(INTERVAL_MS / 1000, LINES_EACH), (line, now) => {
    const { at } = JSON.parse(line) as { at: number }
    delays.push(now - at * 1000)
  })
  return delays
}

async function readBulk(client: RunnerClient, id: string, cwd: string): Promise<void> {
  let lines = 0
  await follow(client, id, cwd, emitter(0, BULK_LINES), () => {
    lines++
  })
  if (lines !== BULK_LINES) throw new Error(`${lines} of ${BULK_LINES} lines came`)
}

async function readPipe(cwd: string): Promise<void> {
  const [program = '', ...args] = emitter(0, BULK_LINES)
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let lines = 0
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines += parts.length
  })
  await once(child, 'close')
  if (lines !== BULK_LINES) throw new Error(`${lines} of ${BULK_LINES} lines came`)
}

/** Starts a process and reads its journal from the beginning until it has ended and all of it was read. */
async function follow(
  client: RunnerClient,
  id: string,
  cwd: string,
  argv: string[],
  onLine: (line: string, now: number) => void,
): Promise<void> {
  const ended = Promise.withResolvers<void>()
  let rest = ''
  await client.call('process.start', { id, epoch: 1, argv, cwd, env: { PATH: '/usr/bin:/bin' }, kind: 'lines' })
  const { unsubscribe } = await client.subscribe(
    { id, from: 'start' },
    {
      data: ({ text }) => {
        const now = performance.timeOrigin + performance.now()
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) onLine(line, now)
      },
      exit: () => ended.resolve(),
      gap: (gap) => ended.reject(new Error(`the journal of ${id} has a gap: ${JSON.stringify(gap)}`)),
    },
  )
  await ended.promise
  await unsubscribe()
  await client.call('process.forget', { id })
}

function emitter(intervalSeconds: number, count: number): string[] {
  return ['perl', join(import.meta.dirname, 'emitter.pl'), String(intervalSeconds), String(count)]
}
