import { randomUUID } from 'node:crypto'
import type { TunnelContext, TunnelProvider } from '@skein/engine'
import { type ApiParams, type ApiResult, type Change, SHARE_DEFAULT_MS, type Share, SkeinError } from '@skein/protocol'
import type { Logger } from 'pino'
import { withinSite } from '../access/within-site.ts'
import type { ServerPaths } from '../home.ts'
import { openLog } from '../log.ts'
import type { OpenPort } from '../previews/proxy.ts'
import { makeLink } from './link.ts'
import { LiveShare } from './live-share.ts'
import { ShareStore, type StoredShare } from './store.ts'
import { type ShareNow, viewShare } from './view.ts'
import { Visitors } from './visitors.ts'
import { Ways } from './ways.ts'

export interface SharesOptions {
  paths: Pick<ServerPaths, 'home' | 'shares' | 'sharesLog'>
  tunnels: ReadonlyMap<string, TunnelProvider>
  openPort: OpenPort
  logger: Logger
  now?: () => number
}

/** How often it is looked for what has expired: a timer alone stands still while the computer sleeps. */
const LOOK_MS = 15_000
const OPEN_MS = 60_000
/** Pauses before a tunnel that keeps its address is opened again. */
const AGAIN_MS = [1000, 2000, 5000, 10_000, 30_000, 60_000]
/** Links of one share that work side by side: an old one goes on while its tunnel keeps the address. */
const MOST_LINKS = 3
const MOST_SHARES = 50

type Told = Extract<Change, { type: 'share' | 'share_gone' }>

/** The share links of this installation: made, opened, watched, ended. */
export class Shares implements AsyncDisposable {
  readonly ways: Ways
  readonly #options: SharesOptions
  readonly #now: () => number
  readonly #store: ShareStore
  readonly #visitors: Visitors
  readonly #context: TunnelContext
  readonly #closeLog: () => void
  readonly #open = new Map<string, ShareNow>()
  readonly #underway = new Map<string, Promise<Share>>()
  readonly #listeners = new Set<(change: Told) => void>()
  readonly #endings = new Set<Promise<void>>()
  readonly #closing = new AbortController()
  readonly #watched = new WeakSet<LiveShare>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: SharesOptions) {
    const { paths, tunnels, logger, now = Date.now } = options
    this.#options = options
    this.#now = now
    this.#store = new ShareStore(paths.shares)
    const log = openLog(paths.sharesLog)
    this.#closeLog = log.close
    this.#visitors = new Visitors(this.#store, log.logger, (share) =>
      this.#tell({ type: 'share', share: this.#view(share) }),
    )
    this.#context = { home: paths.home, log: (message) => logger.info({ tunnel: message }) }
    this.ways = new Ways(tunnels, this.#store, this.#context)
    this.#endExpired()
  }

  /** Shares that people can see now. */
  get open(): number {
    return [...this.#open.values()].filter(({ live }) => live).length
  }

  list(workspaceId?: string): Share[] {
    return this.#standing()
      .filter((share) => workspaceId === undefined || share.workspaceId === workspaceId)
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .map((share) => this.#view(share))
  }

  /** Resolves when people can see it. */
  async create(params: ApiParams<'shares.create'>): Promise<Share> {
    const { key, workspaceId, port, path = '/', via, hostname, expiresInMs = SHARE_DEFAULT_MS, note } = params
    const made = this.#standing().find((share) => share.key === key)
    if (made) return this.reopen(made.id)
    const underway = this.#underway.get(key)
    if (underway) return underway
    if (this.#store.all().length >= MOST_SHARES)
      throw new SkeinError('conflict', `there are ${MOST_SHARES} shares already`, {
        next: 'End some: skein share revoke.',
      })
    return this.#once(key, async () => {
      const provider = await this.ways.choose(via)
      if (hostname !== undefined && !provider.takesHostname)
        throw new SkeinError('invalid', `tunnels of the kind ${provider.kind} take no host name`)
      const createdAt = this.#now()
      const share: StoredShare = {
        id: randomUUID(),
        key,
        workspaceId,
        port,
        path: withinSite(path),
        via: provider.kind,
        ...(hostname === undefined ? {} : { hostname }),
        ...(note === undefined || note === '' ? {} : { note }),
        createdAt,
        expiresAt: createdAt + expiresInMs,
        links: [],
        seen: 0,
        addresses: [],
        visits: [],
      }
      return this.#show(share, provider)
    })
  }

  /** Opens it again where its tunnel has ended; makes a link where only its hash is known. */
  async reopen(shareId: string): Promise<Share> {
    const share = this.#stored(shareId)
    const now = this.#open.get(shareId)
    if (now?.live && now.token !== undefined) return this.#view(share)
    return this.#underway.get(shareId) ?? this.#once(shareId, () => this.#show(share, this.ways.get(share.via)))
  }

  /** Nobody sees it from this call on; resolves when nothing of its tunnel is left. */
  async revoke(shareId: string): Promise<ApiResult<'shares.revoke'>> {
    const share = this.#store.get(shareId)
    if (!share) return { revoked: false }
    await this.#end(share)
    return { revoked: true }
  }

  /** Ends all of a workspace that goes away. */
  async forgetWorkspace(workspaceId: string): Promise<void> {
    const own = this.#store.all().filter((share) => share.workspaceId === workspaceId)
    await Promise.all(own.map((share) => this.#end(share)))
  }

  visits(shareId: string): ApiResult<'shares.visits'> {
    return this.#stored(shareId).visits
  }

  /** Calls back with each change; answers how to stop. */
  listen(tell: (change: Told) => void): () => void {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    await Promise.allSettled(this.#underway.values())
    await Promise.all([...this.#open.values()].map(({ live }) => live?.close()))
    await Promise.all(this.#endings)
    this.#store.flush()
    this.#closeLog()
  }

  /** Opens the tunnel and makes the link. What is stored follows: of a share that never was open nothing is left. */
  async #show(share: StoredShare, provider: TunnelProvider): Promise<Share> {
    const before = this.#open.get(share.id)
    const now: ShareNow = before?.live
      ? before
      : { live: undefined, token: before?.token, because: '', over: new AbortController() }
    if (!before?.live) {
      before?.over.abort()
      this.#open.set(share.id, now)
      try {
        now.live = await this.#openLive(share, provider, now)
      } catch (error) {
        if (before) now.because = reasonOf(error)
        else this.#open.delete(share.id)
        throw error
      }
    }
    if (now.token === undefined) {
      const { token, stored } = makeLink()
      now.token = token
      share.links = [stored, ...share.links].slice(0, MOST_LINKS)
    }
    now.because = `open at ${now.live?.origin}`
    this.#store.put(share)
    this.#watch(share, provider, now)
    this.#look()
    this.#tell({ type: 'share', share: this.#view(share) })
    return this.#view(share)
  }

  async #openLive(share: StoredShare, provider: TunnelProvider, now: ShareNow): Promise<LiveShare> {
    const limit = AbortSignal.timeout(OPEN_MS)
    const signal = AbortSignal.any([limit, now.over.signal, this.#closing.signal])
    const live = await LiveShare.open(
      {
        shareId: share.id,
        share: () =>
          this.#open.get(share.id) === now && this.#now() < share.expiresAt ? this.#store.get(share.id) : undefined,
        visitors: this.#visitors,
        openPort: this.#options.openPort,
        now: this.#now,
        provider,
        hostname: share.hostname,
        settings: this.ways.settings(provider),
        context: this.#context,
        logger: this.#options.logger,
      },
      signal,
    )
    if (!now.over.signal.aborted && !this.#closing.signal.aborted) return live
    await live.close()
    throw new SkeinError('cancelled', 'the share was ended while its tunnel was being opened')
  }

  /** When its tunnel ends by itself it is told; one that keeps its address is opened again. */
  #watch(share: StoredShare, provider: TunnelProvider, now: ShareNow): void {
    const { live } = now
    if (!live || this.#watched.has(live)) return
    this.#watched.add(live)
    void live.ended.then(async (why) => {
      if (now.live !== live || now.over.signal.aborted || this.#closing.signal.aborted) return
      now.live = undefined
      now.because = `its tunnel has ended: ${why}`
      this.#options.logger.warn({ share: share.id, why }, 'a tunnel has ended')
      this.#tell({ type: 'share', share: this.#view(share) })
      await live.close()
      if (live.keepsUrl) await this.#again(share, provider, now)
    })
  }

  async #again(share: StoredShare, provider: TunnelProvider, now: ShareNow): Promise<void> {
    const signal = AbortSignal.any([now.over.signal, this.#closing.signal])
    for (let attempt = 0; !signal.aborted && this.#store.get(share.id); attempt++) {
      await pause(AGAIN_MS[attempt] ?? AGAIN_MS.at(-1) ?? 0, signal)
      if (signal.aborted || now.live || this.#underway.has(share.id)) return
      try {
        await this.#once(share.id, async () => {
          now.live = await this.#openLive(share, provider, now)
          now.because = `open at ${now.live.origin}`
          return this.#view(share)
        })
        this.#watch(share, provider, now)
        this.#tell({ type: 'share', share: this.#view(share) })
        return
      } catch (error) {
        now.because = reasonOf(error)
      }
    }
  }

  /** Gone from the store first: whatever comes from then on is refused. */
  async #end(share: StoredShare): Promise<void> {
    const now = this.#open.get(share.id)
    this.#open.delete(share.id)
    this.#store.remove(share.id)
    now?.over.abort()
    this.#tell({ type: 'share_gone', workspaceId: share.workspaceId, shareId: share.id })
    const ending = now?.live?.close() ?? Promise.resolve()
    this.#endings.add(ending)
    await ending.finally(() => this.#endings.delete(ending))
  }

  #endExpired(): void {
    for (const share of this.#store.all()) if (share.expiresAt <= this.#now()) void this.#end(share)
    this.#look()
  }

  /** Looks again when the next one expires, and now and then. */
  #look(): void {
    clearTimeout(this.#timer)
    const all = this.#store.all()
    if (all.length === 0 || this.#closing.signal.aborted) return
    const next = Math.min(...all.map(({ expiresAt }) => expiresAt - this.#now()))
    this.#timer = setTimeout(() => this.#endExpired(), Math.max(0, Math.min(next, LOOK_MS))).unref()
  }

  #standing(): StoredShare[] {
    return this.#store.all().filter(({ expiresAt }) => expiresAt > this.#now())
  }

  #stored(shareId: string): StoredShare {
    const share = this.#standing().find(({ id }) => id === shareId)
    if (share) return share
    throw new SkeinError('not_found', 'there is no such share (any more)', { next: 'See them with: skein share ls' })
  }

  #view(share: StoredShare): Share {
    return viewShare(share, this.#open.get(share.id))
  }

  /** One opening of a share at a time. */
  #once(key: string, act: () => Promise<Share>): Promise<Share> {
    const running = act().finally(() => this.#underway.delete(key))
    this.#underway.set(key, running)
    return running
  }

  #tell(change: Told): void {
    for (const tell of this.#listeners) tell(change)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener('abort', done, { once: true })
  })
}
