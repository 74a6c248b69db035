const WINDOW_MS = 60_000
const MOST_WRONG = 20
const MOST_ADDRESSES = 1_000

/** Counts wrong credentials by address, so that guessing is slow and does not fill the log. Right ones are never counted. */
export class WrongTokens {
  readonly #now: () => number
  readonly #counts = new Map<string, { since: number; count: number }>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Counts one; true when that address has had too many by now. */
  tooMany(address: string): boolean {
    const now = this.#now()
    const known = this.#counts.get(address)
    const entry = known && now - known.since < WINDOW_MS ? known : { since: now, count: 0 }
    entry.count++
    this.#counts.delete(address)
    this.#counts.set(address, entry)
    const [oldest] = this.#counts.keys()
    if (oldest !== undefined && this.#counts.size > MOST_ADDRESSES) this.#counts.delete(oldest)
    return entry.count > MOST_WRONG
  }
}
