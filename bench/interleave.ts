import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** One way to do something. Resolves to how long the part took that counts, in milliseconds. */
export type Way = (round: number) => Promise<number>

/**
 * Measures several ways to do the same in turns, so that whatever the machine does meanwhile hits all of them alike. Every round
 * begins with another one.
 */
export async function interleaved<K extends string>(
  rounds: number,
  ways: Readonly<Record<K, Way>>,
  signal: AbortSignal,
): Promise<Record<K, number[]>> {
  const names = Object.keys(ways) as K[]
  const times = Object.fromEntries(names.map((name): [K, number[]] => [name, []])) as Record<K, number[]>
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      signal.throwIfAborted()
      times[name].push(await ways[name](round))
    }
  }
  return times
}

/** How long a piece of work takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** Writes back what is dirty, so that nobody pays for what another one wrote. */
export async function writeBack(): Promise<void> {
  await promisify(execFile)('sync')
}

/** Forgets what was read; Linux only, as root. */
export async function dropCaches(): Promise<void> {
  await writeFile('/proc/sys/vm/drop_caches', '3')
}
