import { hashOf, randomSecret } from './secrets.ts'

/** A link that was not opened is worth nothing after this time. */
export const LINK_MS = 10 * 60_000
const MOST_LINKS = 100

/** Secrets that work once and soon, each for something. In memory alone: a restart ends them all. */
export class OneTimeLinks<T> {
  readonly #now: () => number
  readonly #open = new Map<string, { expiresAt: number; opens: T }>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  make(opens: T): { token: string; expiresAt: number } {
    for (const [hash, { expiresAt }] of this.#open) if (expiresAt <= this.#now()) this.#open.delete(hash)
    const [oldest] = this.#open.keys()
    if (oldest !== undefined && this.#open.size >= MOST_LINKS) this.#open.delete(oldest)
    const token = randomSecret()
    const expiresAt = this.#now() + LINK_MS
    this.#open.set(hashOf(token), { expiresAt, opens })
    return { token, expiresAt }
  }

  /** What it opens, the first time it is asked; whatever comes of it, the link is spent. */
  take(token: string): T | undefined {
    const hash = hashOf(token)
    const link = this.#open.get(hash)
    this.#open.delete(hash)
    return link && link.expiresAt > this.#now() ? link.opens : undefined
  }
}
