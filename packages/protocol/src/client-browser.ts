import type { SkeinApi } from './api.ts'
import { connectionError } from './client.ts'
import { withReconnect } from './client-reconnect.ts'
import { createSocketClient, type SocketClient, type SocketClientOptions } from './client-socket.ts'

export { createSocketClient, type SocketClient, type SocketClientOptions, type SocketEnd } from './client-socket.ts'

/** How it stands with the server; times are milliseconds since 1970. */
export type ConnectionState =
  /** The first connection is being made. */
  | { status: 'connecting'; since: number }
  | { status: 'open'; since: number }
  /** It is tried again at `nextTry`; now, if that is undefined. What is asked for meanwhile waits. */
  | { status: 'lost'; since: number; nextTry: number | undefined }
  /** The server is there and does not know this browser (any more): it needs a fresh link, from `skein open`. */
  | { status: 'signed_out'; since: number }

export interface BrowserOptions extends SocketClientOptions {
  /** Where the server is; by default where the page came from. */
  url?: string
  /** Told at once how it stands, and then at each change. */
  onState?(state: ConnectionState): void
  /** For programs that are no browser: asks the server whether we may speak to it. */
  isSignedIn?(url: string): Promise<boolean>
  /** The first pause before another try, milliseconds; it doubles, up to 5 seconds. */
  backoffMs?: number
}

/** A `SkeinApi` for the browser's page, which outlives its connection. */
export interface BrowserApi extends SkeinApi {
  readonly state: ConnectionState
  /** Tries now instead of at `nextTry`; looks whether an open connection still is one. */
  retry(): void
}

const LONGEST_PAUSE_MS = 5_000
/** What the computer tells when the network is back, or the page is looked at again. */
const WAKING: readonly [target: 'window' | 'document', event: string][] = [
  ['window', 'online'],
  ['window', 'pageshow'],
  ['document', 'visibilitychange'],
]

/**
 * Connects a page to its server, and connects again whenever the connection is lost: subscriptions go on where they were, and
 * commands, which carry their keys, are made again.
 *
 * @example
 * const api = connectBrowser({ onState: (state) => banner.show(state) })
 * for await (const change of api.subscribe('changes', {})) …
 */
export function connectBrowser(options: BrowserOptions = {}): BrowserApi {
  const origin = options.url ?? pageOrigin()
  return new Reconnecting(origin, options).api()
}

class Reconnecting {
  readonly #origin: string
  readonly #socketUrl: string
  readonly #options: BrowserOptions
  #state: ConnectionState = { status: 'connecting', since: Date.now() }
  #client: SocketClient | undefined
  #retryNow = () => {}

  constructor(origin: string, options: BrowserOptions) {
    this.#origin = origin
    this.#options = options
    const url = new URL('/v1/socket', origin)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    this.#socketUrl = url.href
    options.onState?.(this.#state)
  }

  api(): BrowserApi {
    const closing = new AbortController()
    const api = withReconnect((signal) => this.#connect(signal, reach), { attempts: Number.POSITIVE_INFINITY })
    // Connects at once and after each loss, also while nothing is asked for.
    const reach = () => void (closing.signal.aborted ? undefined : api.call('server.info', {}).catch(() => {}))
    const retry = () => {
      this.#retryNow()
      this.#client?.probe()
    }
    const unlisten = whenWaking(retry)
    reach()
    const self = this
    return {
      get state() {
        return self.#state
      },
      retry,
      call: (method, params, signal) => api.call(method, params, signal),
      subscribe: (method, params, signal) => api.subscribe(method, params, signal),
      async [Symbol.asyncDispose]() {
        closing.abort()
        unlisten()
        await api[Symbol.asyncDispose]()
      },
    }
  }

  /** Tries until a connection is open. */
  async #connect(signal: AbortSignal, onLost: () => void): Promise<SkeinApi> {
    const first = this.#options.backoffMs ?? 100
    for (let pause = first; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (signal.aborted) throw connectionError('failed', 'this client was closed')
      const client = createSocketClient(this.#socketUrl, this.#options)
      const onAbort = () => void client[Symbol.asyncDispose]()
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        await client.opened
        this.#opened(client, signal, onLost)
        return client
      } catch {
        signal.removeEventListener('abort', onAbort)
        if (signal.aborted) continue
        const signedIn = await this.#isSignedIn()
        if (signedIn) this.#lost(Date.now() + pause)
        else this.#tell({ status: 'signed_out', since: Date.now() })
        await this.#pause(signedIn ? pause : LONGEST_PAUSE_MS, signal)
        if (signedIn) this.#lost(undefined)
      }
    }
  }

  #opened(client: SocketClient, signal: AbortSignal, onLost: () => void): void {
    this.#client = client
    this.#tell({ status: 'open', since: Date.now() })
    void client.closed.then(({ signedOut }) => {
      if (this.#client === client) this.#client = undefined
      if (signal.aborted) return
      if (signedOut) this.#tell({ status: 'signed_out', since: Date.now() })
      else this.#lost(undefined)
      onLost()
    })
  }

  /** A page is not told why its WebSocket was refused, so it asks in another way. An unreachable server knows us until it says no. */
  async #isSignedIn(): Promise<boolean> {
    if (this.#options.isSignedIn) return this.#options.isSignedIn(this.#origin)
    try {
      const response = await fetch(new URL('/v1/server.info', this.#origin), { method: 'POST', body: '{}' })
      return response.status !== 401
    } catch {
      return true
    }
  }

  #lost(nextTry: number | undefined): void {
    const since = this.#state.status === 'lost' ? this.#state.since : Date.now()
    // A first connection that does not come about is told as lost after one try, so that the page says what is wrong.
    if (this.#state.status === 'signed_out' && nextTry === undefined) return
    this.#tell({ status: 'lost', since, nextTry })
  }

  #tell(state: ConnectionState): void {
    const known = this.#state
    if (state.status === 'signed_out' && known.status === 'signed_out') return
    this.#state = state
    this.#options.onState?.(state)
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#retryNow = () => {}
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
      this.#retryNow = done
    })
  }
}

interface Listening {
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
}

function whenWaking(wake: () => void): () => void {
  const { document } = globalThis as { document?: Listening & { visibilityState?: string } }
  const targets = { window: globalThis as Listening, document }
  const look = () => {
    if (document?.visibilityState !== 'hidden') wake()
  }
  if (!document) return () => {}
  for (const [target, event] of WAKING) targets[target]?.addEventListener?.(event, look)
  return () => {
    for (const [target, event] of WAKING) targets[target]?.removeEventListener?.(event, look)
  }
}

function pageOrigin(): string {
  const { location } = globalThis as { location?: { origin: string } }
  if (!location) throw connectionError('failed', 'there is no page that says where the server is: give a url')
  return location.origin
}
