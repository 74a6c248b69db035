import { setTimeout as sleep } from 'node:timers/promises'

/** So many calls a second, and so many at once. */
export interface Rate {
  perSecond: number
  burst: number
}

/** What Fly allows for each action on each app or machine. */
export const RATES: Readonly<Record<string, Rate>> & { readonly usual: Rate } = {
  usual: { perSecond: 1, burst: 3 },
  /** Looking at one machine. */
  get: { perSecond: 5, burst: 10 },
  /** Not documented; flyctl asks as often. */
  logs: { perSecond: 5, burst: 10 },
}

/** Two requests do not travel equally long, so that what is sent at the limit may arrive above it: one of a burst is kept for that. */
const SLOWER = 1.1
const SPARE = 1

/** A bucket for each action and identifier, so that no number of callers in this process exceeds Fly's limits. */
export class RateLimits {
  /** When the bucket would be full, milliseconds. */
  readonly #fullAt = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Resolves when the call may be made; whoever came first is first. */
  async take(key: string, rate: Rate, signal: AbortSignal): Promise<void> {
    const wait = this.reserve(key, rate)
    if (wait > 0) await sleep(wait, undefined, { signal })
  }

  /** Takes a place, and answers in how many milliseconds it is. */
  reserve(key: string, { perSecond, burst }: Rate): number {
    const now = this.#now()
    const each = (1000 / perSecond) * SLOWER
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + each
    this.#fullAt.set(key, fullAt)
    if (this.#fullAt.size > 10_000) this.#forget(now)
    return Math.max(0, fullAt - now - each * Math.max(1, burst - SPARE))
  }

  #forget(now: number): void {
    for (const [key, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(key)
  }
}
