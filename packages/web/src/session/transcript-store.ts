import type { Envelope, SkeinApi } from '@skein/protocol'
import { whenIdle } from '../ui/when-idle.ts'
import { Transcript, type TranscriptView } from './transcript.ts'

/** So many events are shown first: the end of a session, as much as fills a window. */
const FIRST = 50
/** So many are asked for at once of what was before. */
const PAGE = 500
/** What is told once at the start of a session is among its first events. */
const HEAD = 60
/** Transcripts that nobody looks at are kept for going back to them: so many, and no more. */
const KEPT = 6
/** They are followed on for so long. */
const LINGER_MS = 20_000

export interface TranscriptState {
  view: TranscriptView
  /** The end has been read. */
  loaded: boolean
  /** What was before is on its way. */
  loadingOlder: boolean
  /** The page shows what happens now. */
  live: boolean
  error: unknown
}

/** The transcript of one session: its end first, then what happens, and what was before when it is asked for. */
export class TranscriptStore {
  readonly #api: SkeinApi
  readonly #sessionId: string
  readonly #transcript = new Transcript()
  readonly #listeners = new Set<() => void>()
  #state: TranscriptState
  #waiting: Envelope[] = []
  #scheduled = false
  #following: AbortController | undefined
  #older: Promise<void> | undefined
  #linger: ReturnType<typeof setTimeout> | undefined

  constructor(api: SkeinApi, sessionId: string) {
    this.#api = api
    this.#sessionId = sessionId
    this.#state = { view: this.#transcript.view(), loaded: false, loadingOlder: false, live: false, error: undefined }
  }

  readonly get = (): TranscriptState => this.#state

  /** Follows the session as long as somebody listens, and a little longer. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    clearTimeout(this.#linger)
    if (!this.#following) void this.#follow()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#linger = setTimeout(() => this.close(), LINGER_MS)
    }
  }

  get watched(): boolean {
    return this.#listeners.size > 0
  }

  close(): void {
    this.#following?.abort()
    this.#following = undefined
  }

  /** Reads the session again after it could not be read. */
  retry(): void {
    this.close()
    void this.#follow()
  }

  /** Reads what was before, one page; further, until an event is there, where its seq is given. */
  async loadOlder(seq?: number): Promise<void> {
    await this.#older
    const { firstSeq } = this.#transcript.view()
    if (firstSeq <= 1 || (seq !== undefined && seq >= firstSeq)) return
    this.#older = this.#readOlder(firstSeq, seq)
    await this.#older
    this.#older = undefined
  }

  async #readOlder(firstSeq: number, seq: number | undefined): Promise<void> {
    this.#set({ loadingOlder: true })
    try {
      const from = Math.max(0, Math.min(firstSeq - 1 - PAGE, seq === undefined ? Number.POSITIVE_INFINITY : seq - 20))
      const pages: Envelope[] = []
      while (from + pages.length < firstSeq - 1) {
        const after = from + pages.length
        const limit = Math.min(10_000, firstSeq - 1 - after)
        const { events } = await this.#api.call('sessions.events', { sessionId: this.#sessionId, after, limit })
        if (events.length === 0) break
        pages.push(...events)
      }
      this.#transcript.prepend(pages)
      this.#set({ view: this.#transcript.view(), loadingOlder: false, error: undefined })
    } catch (error) {
      this.#set({ loadingOlder: false, error })
    }
  }

  async #follow(): Promise<void> {
    const controller = new AbortController()
    this.#following = controller
    const { signal } = controller
    try {
      if (!this.#state.loaded) await this.#readEnd(signal)
      const after = this.#transcript.view().lastSeq
      for await (const item of this.#api.subscribe('sessions.follow', { sessionId: this.#sessionId, after }, signal)) {
        if (item.type === 'live') this.#set({ live: true, error: undefined })
        else this.#take(item.envelope)
      }
    } catch (error) {
      if (!signal.aborted) this.#set({ error, live: false })
    } finally {
      if (this.#following === controller) this.#following = undefined
    }
  }

  async #readEnd(signal: AbortSignal): Promise<void> {
    const sessionId = this.#sessionId
    const { events } = await this.#api.call('sessions.events', { sessionId, newest: true, limit: FIRST }, signal)
    this.#transcript.append(events)
    this.#set({ view: this.#transcript.view(), loaded: true, error: undefined })
    void this.#readBackground(signal)
  }

  /** What is not needed to show the end: the page before it, and what is told once at the start. */
  async #readBackground(signal: AbortSignal): Promise<void> {
    if (this.#transcript.view().firstSeq <= 1) return
    await new Promise<void>((resolve) => whenIdle(resolve, 500))
    if (signal.aborted) return
    await this.loadOlder()
    if (this.#transcript.view().firstSeq <= HEAD) return
    const request = { sessionId: this.#sessionId, after: 0, limit: HEAD }
    const head = await this.#api.call('sessions.events', request, signal).catch(() => undefined)
    if (!head) return
    this.#transcript.learn(head.events)
    this.#set({ view: this.#transcript.view() })
  }

  #take(envelope: Envelope): void {
    this.#waiting.push(envelope)
    if (this.#scheduled) return
    this.#scheduled = true
    // All that comes within a frame is drawn at once; a page that is not looked at needs no frames.
    if (document.hidden) setTimeout(this.#flush, 250)
    else requestAnimationFrame(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    const waiting = this.#waiting
    this.#waiting = []
    this.#transcript.append(waiting)
    this.#set({ view: this.#transcript.view() })
  }

  #set(change: Partial<TranscriptState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}

const stores = new Map<string, TranscriptStore>()
let storesOf: SkeinApi | undefined

/** The store of a session; the same for all who ask. */
export function transcriptOf(api: SkeinApi, sessionId: string): TranscriptStore {
  if (storesOf !== api) {
    for (const store of stores.values()) store.close()
    stores.clear()
    storesOf = api
  }
  const store = stores.get(sessionId) ?? new TranscriptStore(api, sessionId)
  stores.delete(sessionId)
  stores.set(sessionId, store)
  for (const [id, other] of stores) {
    if (stores.size <= KEPT) break
    if (other === store || other.watched) continue
    other.close()
    stores.delete(id)
  }
  return store
}
