import type { FlyClock } from './clock.ts'

/** A request beyond what Fly allows. */
export interface LimitViolation {
  /** The operation. */
  readonly action: string
  /** The machine's or app's name. */
  readonly of: string
  readonly at: number
}

interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Each action, for each machine, or app where there is no machine. */
const EACH: Rate = { perSecond: 1, burst: 3 }
const RATES: Readonly<Record<string, Rate>> = {
  Machines_show: { perSecond: 5, burst: 10 },
  Apps_delete: { perSecond: 100 / 60, burst: 100 },
}

/** Fly's rate limits, as its documentation has them: by action, and by machine or app. */
export class Limits {
  readonly violations: LimitViolation[] = []
  readonly #clock: FlyClock
  readonly #scale: number
  readonly #buckets = new Map<string, { tokens: number; at: number }>()

  constructor(clock: FlyClock, scale: number) {
    this.#clock = clock
    this.#scale = scale
  }

  /** Whether the request is within the limits; notes it if not. */
  take(action: string, of: string): boolean {
    const rate = RATES[action] ?? EACH
    const burst = rate.burst * this.#scale
    const now = this.#clock.now()
    const key = `${action} ${of}`
    const before = this.#buckets.get(key) ?? { tokens: burst, at: now }
    const refilled = before.tokens + ((now - before.at) / 1000) * rate.perSecond * this.#scale
    const tokens = Math.min(burst, refilled)
    const allowed = tokens >= 1
    this.#buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now })
    if (!allowed) this.violations.push({ action, of, at: now })
    return allowed
  }
}
