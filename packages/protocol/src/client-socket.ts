import type { ApiParams, ApiResult, CallMethod, SkeinApi, SubscriptionMethod } from './api.ts'
import { type ConnectionLoss, connectionError, MAX_REQUEST } from './client.ts'
import { endable } from './endable.ts'
import { SkeinError } from './errors.ts'
import { BEAT_MS, type ClientFrame, CREDITS, type ServerFrame, SILENCE_MS, SocketClose } from './multiplex.ts'

/** What this needs of a WebSocket: a browser's, node's own, or that of the package `ws`. */
export interface SocketLike {
  readonly readyState: number
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void
  addEventListener(type: 'error', listener: () => void): void
}

export interface SocketClientOptions {
  /** Makes the WebSocket; the global one by default. */
  open?: (url: string) => SocketLike
  /** A server that says nothing for so long is lost, milliseconds. */
  silenceMs?: number
  /** Items that may be under way to a reader. */
  credits?: number
}

/** One connection. */
export interface SocketClient extends SkeinApi {
  /** Resolves when it is open; rejects with a connection error when it cannot be opened. */
  readonly opened: Promise<void>
  /** Resolves with the reason when it was open, or was tried, and is not any more. */
  readonly closed: Promise<SocketEnd>
  /** Finds out at once whether the server is still there: for a computer that woke up. */
  probe(): void
}

export interface SocketEnd {
  error: SkeinError
  signedOut: boolean
}

const OPEN = 1
const PROBE_MS = 4_000

/** `SkeinApi` over one WebSocket at `url` (`ws://…/v1/socket`). It does not connect again: see `connectBrowser`. */
export function createSocketClient(url: string, options: SocketClientOptions = {}): SocketClient {
  return new MultiplexClient(url, options)
}

interface Channel {
  receive(frame: ServerFrame): void
  fail(error: SkeinError): void
}

class MultiplexClient implements SocketClient {
  readonly opened: Promise<void>
  readonly closed: Promise<SocketEnd>
  readonly #socket: SocketLike
  readonly #channels = new Map<number, Channel>()
  readonly #silenceMs: number
  readonly #credits: number
  readonly #beating: ReturnType<typeof setInterval>
  readonly #settle = Promise.withResolvers<SocketEnd>()
  #unsent: string[] | undefined = []
  #end: SocketEnd | undefined
  #lastId = 0
  #heardAt = Date.now()

  constructor(url: string, options: SocketClientOptions) {
    this.#silenceMs = options.silenceMs ?? SILENCE_MS
    this.#credits = options.credits ?? CREDITS
    this.closed = this.#settle.promise
    const opened = Promise.withResolvers<void>()
    this.opened = opened.promise
    opened.promise.catch(() => {})
    this.#socket = options.open ? options.open(url) : new WebSocket(url)
    this.#socket.addEventListener('open', () => {
      this.#heardAt = Date.now()
      const unsent = this.#unsent ?? []
      this.#unsent = undefined
      for (const text of unsent) this.#socket.send(text)
      opened.resolve()
    })
    this.#socket.addEventListener('message', ({ data }) => {
      this.#heardAt = Date.now()
      if (typeof data !== 'string') return
      const message = JSON.parse(data) as ServerFrame | ServerFrame[]
      if (Array.isArray(message)) for (const frame of message) this.#receive(frame)
      else this.#receive(message)
    })
    this.#socket.addEventListener('error', () => {})
    this.#socket.addEventListener('close', ({ code }) => {
      this.#finish(this.#unsent ? 'failed' : code === SocketClose.stopping ? 'stopping' : 'lost', code)
      opened.reject(this.#end?.error)
    })
    this.#beating = setInterval(() => this.#beat(), Math.min(BEAT_MS, this.#silenceMs / 2))
    unref(this.#beating)
  }

  probe(): void {
    if (this.#end || this.#unsent) return
    const heardAt = this.#heardAt
    this.#send({ beat: true })
    unref(
      setTimeout(() => {
        if (this.#heardAt === heardAt) this.#abandon('the server does not answer')
      }, PROBE_MS),
    )
  }

  call<M extends CallMethod>(method: M, params: ApiParams<M>, signal?: AbortSignal): Promise<ApiResult<M>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const done = () => {
        this.#channels.delete(id)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = () => {
        done()
        this.#send({ id, cancel: true })
        reject(new SkeinError('cancelled', `${method}: cancelled`, { cause: signal?.reason }))
      }
      if (signal?.aborted)
        return void reject(new SkeinError('cancelled', `${method}: cancelled`, { cause: signal.reason }))
      if (this.#end) return void reject(this.#end.error)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#channels.set(id, {
        receive: (frame) => {
          done()
          if ('error' in frame) reject(SkeinError.fromBody(frame.error))
          else resolve(('result' in frame ? frame.result : null) as ApiResult<M>)
        },
        fail: (error) => {
          done()
          reject(error)
        },
      })
      try {
        this.#send({ id, call: method, params })
      } catch (error) {
        done()
        reject(error)
      }
    })
  }

  subscribe<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    signal?: AbortSignal,
  ): AsyncIterable<ApiResult<M>> {
    return endable((ending) => this.#items(method, params, ending.signal), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abandon('this client was closed')
  }

  async *#items<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    ending: AbortSignal,
  ): AsyncGenerator<ApiResult<M>> {
    if (this.#end) throw this.#end.error
    const id = ++this.#lastId
    let arrived: ApiResult<M>[] = []
    let over: { error?: SkeinError } | undefined
    let wake = () => {}
    const finish = (error?: SkeinError) => {
      over ??= error ? { error } : {}
      wake()
    }
    const onAbort = () => wake()
    ending.addEventListener('abort', onAbort, { once: true })
    this.#channels.set(id, {
      receive: (frame) => {
        if ('item' in frame) arrived.push(frame.item as ApiResult<M>)
        else if ('error' in frame) return finish(SkeinError.fromBody(frame.error))
        else if ('end' in frame) return finish()
        wake()
      },
      fail: finish,
    })
    let owed = 0
    try {
      this.#send({ id, subscribe: method, params, credits: this.#credits })
      while (!ending.aborted) {
        if (arrived.length === 0) {
          if (over?.error) throw over.error
          if (over) return
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        const items = arrived
        arrived = []
        for (const item of items) {
          yield item
          if (ending.aborted) return
          if (++owed < this.#credits / 2) continue
          if (!over) this.#send({ id, more: owed })
          owed = 0
        }
      }
    } finally {
      ending.removeEventListener('abort', onAbort)
      this.#channels.delete(id)
      if (!over) this.#send({ id, cancel: true })
    }
  }

  #receive(frame: ServerFrame): void {
    if ('id' in frame) this.#channels.get(frame.id)?.receive(frame)
  }

  #send(frame: ClientFrame): void {
    const text = JSON.stringify(frame)
    if (text.length > MAX_REQUEST)
      throw new SkeinError('invalid', `a request of ${text.length} bytes is over the limit of ${MAX_REQUEST}`)
    if (this.#unsent) this.#unsent.push(text)
    else if (this.#socket.readyState === OPEN) this.#socket.send(text)
  }

  #beat(): void {
    if (this.#unsent === undefined) this.#send({ beat: true })
    // A timer that comes late says that we slept, not that the server was silent: `probe` finds out.
    if (Date.now() - this.#heardAt > this.#silenceMs)
      this.#abandon(`nothing was heard of the server for ${this.#silenceMs} ms`)
  }

  /** The socket's own end may take minutes to be told where the network has gone. */
  #abandon(why: string): void {
    this.#finish(this.#unsent ? 'failed' : 'lost', undefined, why)
    this.#socket.close()
  }

  #finish(loss: ConnectionLoss, code: number | undefined, why?: string): void {
    if (this.#end) return
    clearInterval(this.#beating)
    const how = why ?? (loss === 'failed' ? 'it cannot be reached' : `it was closed (${code})`)
    this.#end = {
      error: connectionError(loss, `the connection to the server: ${how}`),
      signedOut: code === SocketClose.signedOut,
    }
    const channels = [...this.#channels.values()]
    this.#channels.clear()
    for (const channel of channels) channel.fail(this.#end.error)
    this.#settle.resolve(this.#end)
  }
}

/** In node a timer must not keep the process; a browser's is a number. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
