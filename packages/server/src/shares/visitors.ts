import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Logger } from 'pino'
import type { ShareStore, StoredShare } from './store.ts'

const KEPT_VISITS = 100
const KEPT_ADDRESSES = 1000
const LONGEST_PATH = 500

export interface Visit {
  at: number
  address: string | undefined
  path: string
}

/** Who came to shares: every request goes to a log of its own, each page that was shown is counted. */
export class Visitors {
  readonly #store: ShareStore
  readonly #log: Logger
  readonly #tell: (share: StoredShare) => void

  constructor(store: ShareStore, log: Logger, tell: (share: StoredShare) => void) {
    this.#store = store
    this.#log = log
    this.#tell = tell
  }

  request(shareId: string, { address, path }: Visit, method: string, outcome: string): void {
    this.#log.info({ share: shareId, address, method, path: path.slice(0, LONGEST_PATH), outcome })
  }

  /** A page was shown. */
  page(shareId: string, { at, address, path }: Visit): void {
    const share = this.#store.get(shareId)
    if (!share) return
    share.seen++
    share.seenAt = at
    if (address !== undefined && !share.addresses.includes(address) && share.addresses.length < KEPT_ADDRESSES)
      share.addresses.push(address)
    const visit = { at, path: path.slice(0, LONGEST_PATH), ...(address === undefined ? {} : { address }) }
    share.visits = [visit, ...share.visits].slice(0, KEPT_VISITS)
    this.#store.saveSoon()
    this.#tell(share)
  }
}

/** The visitor's address, where the tunnel tells it: of a list, what the last one on the way added. */
export function visitorOf({ headers }: IncomingMessage, header: string | undefined): string | undefined {
  const told = header === undefined ? undefined : headers[header]
  const last = [told].flat().join(',').split(',').at(-1)?.trim() ?? ''
  return isIP(last) === 0 ? undefined : last
}

/** A person opens a page, rather than a page one of its parts. */
export function isPageView({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? (headers.accept?.includes('text/html') ?? false) : mode === 'navigate'
}
