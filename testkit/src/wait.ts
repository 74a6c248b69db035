import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'

export interface Waiting {
  /** What is waited for, as it shall stand in the failure. */
  what: string
  /** Milliseconds; 20,000 unless given. */
  timeout?: number
  /** Milliseconds between looks. */
  every?: number
  /** More for the failure's message, e.g. the last lines of a log. */
  explain?: () => unknown
  signal?: AbortSignal
}

/**
 * Looks until `condition` gives something true, and resolves to it. A condition that throws counts as not yet; the last error
 * becomes the failure's cause.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  waiting: Waiting,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const { what, timeout = 20_000, every = 20, explain, signal } = waiting
  const end = performance.now() + timeout
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
    await sleep(every, undefined, { signal }).catch(() => undefined)
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
