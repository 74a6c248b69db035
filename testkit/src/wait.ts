import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'

export interface Waiting {
  /** What is waited for, as it shall stand in the failure. */
  what: string
  /** Milliseconds; 20,000 unless given. */
  timeout?: number
  /** Milliseconds between looks; by default they become rarer with the time, up to 50. */
  every?: number
  /** More for the failure's message, e.g. the last lines of a log. */
  explain?: () => unknown
  signal?: AbortSignal
}

/** A look may cost a question to a server: many tests that wait at once would leave those no time to work. */
const MOST_PAUSE = 50

/**
 * Looks until `condition` gives something true, and resolves to it. A condition that throws counts as not yet; the last error
 * becomes the failure's cause.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  waiting: Waiting,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const { what, timeout = 20_000, every, explain, signal } = waiting
  const begun = performance.now()
  const end = begun + timeout
  let lastError: unknown
  for (;;) {
    signal?.throwIfAborted()
    try {
      const value = await condition()
      if (value) return value as Exclude<T, false | undefined | null | 0 | ''>
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() > end) break
    // Only the signal can break the sleep; the next look throws its reason.
    const pause = every ?? Math.min(MOST_PAUSE, 10 + (performance.now() - begun) / 20)
    await sleep(pause, undefined, { signal }).catch(() => undefined)
  }
  const detail = explain === undefined ? '' : `\n${describe(await explain())}`
  const cause = lastError === undefined ? '' : `: ${lastError}`
  throw new SkeinError('timed_out', `waiting for ${what}: not within ${timeout} ms${cause}${detail}`, {
    cause: lastError,
  })
}

function describe(detail: unknown): string {
  return typeof detail === 'string' ? detail : JSON.stringify(detail, null, 2)
}
