import type { ChildProcess } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Waiting, waitUntil } from './wait.ts'

/**
 * A moment in the life of a product process, told from outside: product code knows nothing of tests, so a point is what can be
 * seen of it, such as a file that appears or a line in a journal.
 */
export interface KillPoint {
  what: string
  reached(): boolean | Promise<boolean>
}

/** The file or folder exists. */
export function pathExists(path: string): KillPoint {
  return {
    what: `${path} to exist`,
    reached: () =>
      stat(path).then(
        () => true,
        () => false,
      ),
  }
}

/** At least `times` lines of the file fit; the file need not exist yet. */
export function lineIn(path: string, fits: RegExp | string, times = 1): KillPoint {
  const matches = (line: string) => (typeof fits === 'string' ? line.includes(fits) : fits.test(line))
  return {
    what: `${times} × ${fits} in ${path}`,
    reached: async () => {
      const content = await readFile(path, 'utf8').catch(() => '')
      return content.split('\n').filter(matches).length >= times
    },
  }
}

/** Any other condition, e.g. a row in the store. */
export function when(what: string, reached: () => boolean | Promise<boolean>): KillPoint {
  return { what, reached }
}

/** SIGKILLs the process, or all given, as soon as the point is reached; resolves when they are gone. */
export async function killAt(
  target: Target | Target[],
  point: KillPoint,
  waiting: Omit<Waiting, 'what'> = {},
): Promise<void> {
  await waitUntil(() => point.reached(), { every: 2, ...waiting, what: point.what })
  const targets = Array.isArray(target) ? target : [target]
  for (const one of targets) sigkill(one)
  await waitUntil(async () => (await Promise.all(targets.map(isGone))).every(Boolean), {
    ...waiting,
    what: 'the killed processes to be gone',
  })
}

type Target = ChildProcess | number

export interface RandomKills {
  /** Asked anew before each kill; gives the processes that may be killed now. None is not an error: it is asked again. */
  targets: () => readonly number[] | Promise<readonly number[]>
  count: number
  /** Shortest and longest pause before a kill, in milliseconds. */
  between: readonly [number, number]
  /** The same seed makes the same pauses and choices. */
  seed?: number
  /** After each kill, e.g. to start the victim again. */
  afterKill?: (pid: number, n: number) => void | Promise<void>
  signal?: AbortSignal
}

/** SIGKILLs `count` times one of the targets, after random pauses; resolves to the killed pids in order. */
export async function randomKills(options: RandomKills): Promise<number[]> {
  const { targets, count, between, signal } = options
  const [shortest, longest] = between
  const random = seededRandom(options.seed ?? 1)
  const killed: number[] = []
  while (killed.length < count) {
    await sleep(shortest + random() * (longest - shortest), undefined, { signal })
    const choice = await waitUntil(async () => pick(await targets(), random), {
      what: `a process to kill (${killed.length} of ${count} killed)`,
      ...(signal === undefined ? {} : { signal }),
    })
    sigkill(choice)
    await waitUntil(() => isGone(choice), { what: `process ${choice} to be gone` })
    killed.push(choice)
    await options.afterKill?.(choice, killed.length)
  }
  return killed
}

/** Numbers in [0, 1) that depend only on the seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick(pids: readonly number[], random: () => number): number | undefined {
  return pids[Math.floor(random() * pids.length)]
}

function sigkill(target: Target): void {
  const pid = typeof target === 'number' ? target : target.pid
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function isGone(target: Target): Promise<boolean> {
  if (typeof target !== 'number')
    return target.exitCode !== null || target.signalCode !== null || target.pid === undefined
  const status = await readFile(`/proc/${target}/stat`, 'utf8').catch(() => undefined)
  // A zombie runs no more, whoever its parent is.
  return status === undefined || /\) [ZX] /.test(status)
}
