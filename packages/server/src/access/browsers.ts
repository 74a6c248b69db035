import { randomUUID } from 'node:crypto'
import type { Browser } from '@skein/protocol'
import * as z from 'zod'
import { PrivateFile } from '../private-file.ts'
import { hashOf, randomSecret } from './secrets.ts'

const Stored = z.object({
  browsers: z.array(
    z.object({
      id: z.string(),
      hash: z.string(),
      agent: z.string(),
      signedInAt: z.number(),
      seenAt: z.number(),
    }),
  ),
})
type StoredBrowser = z.infer<typeof Stored>['browsers'][number]

const DAY_MS = 86_400_000
/** A browser that was not seen for so long is signed out. */
export const BROWSER_LIFE_MS = 90 * DAY_MS
/** How old `seenAt` in the file may be. */
const SEEN_MS = 3_600_000
const MOST_BROWSERS = 200
const LONGEST_AGENT = 200

/** The browsers that are signed in, kept over restarts: of each one's cookie only the hash. */
export class Browsers {
  readonly #file: PrivateFile<z.infer<typeof Stored>>
  readonly #now: () => number
  readonly #onSignOut = new Map<string, Set<() => void>>()
  #browsers: StoredBrowser[]

  constructor(path: string, now: () => number = Date.now) {
    this.#file = new PrivateFile(path, Stored)
    this.#now = now
    const living = this.#file.read()?.browsers.filter(({ seenAt }) => now() - seenAt < BROWSER_LIFE_MS)
    this.#browsers = living ?? []
  }

  /** Answers the cookie's value, which is told once. */
  signIn(agent: string | undefined): string {
    const secret = randomSecret()
    const at = this.#now()
    const name = (agent ?? 'an unnamed browser').replace(/[^\x20-\x7e]/g, '').slice(0, LONGEST_AGENT)
    const browser = { id: randomUUID(), hash: hashOf(secret), agent: name, signedInAt: at, seenAt: at }
    const others = this.#browsers.toSorted((a, b) => b.seenAt - a.seenAt).slice(0, MOST_BROWSERS - 1)
    this.#save([...others, browser])
    return secret
  }

  /** The id of the browser whose cookie that is. */
  whose(secret: string): string | undefined {
    const hash = hashOf(secret)
    const browser = this.#browsers.find((one) => one.hash === hash)
    if (!browser || this.#now() - browser.seenAt >= BROWSER_LIFE_MS) return undefined
    if (this.#now() - browser.seenAt > SEEN_MS) {
      browser.seenAt = this.#now()
      this.#save(this.#browsers)
    }
    return browser.id
  }

  list(currentId: string | undefined): Browser[] {
    return this.#browsers
      .map(({ id, agent, signedInAt, seenAt }) => ({ id, agent, signedInAt, seenAt, current: id === currentId }))
      .toSorted((a, b) => b.seenAt - a.seenAt)
  }

  /** Signs out those that fit; answers how many. Their open connections end. */
  signOut(fits: (id: string) => boolean): number {
    const gone = this.#browsers.filter(({ id }) => fits(id))
    if (gone.length === 0) return 0
    this.#save(this.#browsers.filter(({ id }) => !fits(id)))
    for (const { id } of gone) for (const tell of this.#onSignOut.get(id) ?? []) tell()
    return gone.length
  }

  /** Calls back when that browser is signed out; answers how not to be called back. */
  whenSignedOut(id: string, tell: () => void): () => void {
    const listeners = this.#onSignOut.get(id) ?? new Set()
    this.#onSignOut.set(id, listeners.add(tell))
    return () => {
      listeners.delete(tell)
      if (listeners.size === 0) this.#onSignOut.delete(id)
    }
  }

  #save(browsers: StoredBrowser[]): void {
    this.#browsers = browsers
    this.#file.write({ browsers })
  }
}
