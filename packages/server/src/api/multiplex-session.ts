import {
  type ApiMethod,
  BEAT_MS,
  ClientFrame,
  MAX_REQUEST,
  type ServerFrame,
  SkeinError,
  SocketClose,
  type SubscriptionMethod,
} from '@skein/protocol'
import type { RawData, WebSocket } from 'ws'
import { stalledError, stoppingError } from '../subscription.ts'
import { type Caller, isSubscription, knownMethod, type ServerApi } from './server-api.ts'

export interface MultiplexOptions {
  api: ServerApi
  caller: Caller
  /** Aborted when the server stops. */
  stopping: AbortSignal
  onError(method: string, error: SkeinError): void
  beatMs?: number
  /** A reader that gives no credit for so long while items wait loses its subscription, milliseconds. */
  stallMs?: number
}

/** The largest frame that is taken. */
export const MAX_FRAME = MAX_REQUEST

const MOST_OPEN = 1_000
/** Bytes that may wait for the network before subscriptions pause. */
const MOST_WAITING = 1024 * 1024
/** Bytes of answers that may wait; a client that asks on without reading has had its time. */
const MOST_UNREAD = 128 * 1024 * 1024
/** Characters after which a message goes at once. */
const MOST_IN_MESSAGE = 256 * 1024
const OPEN = 1

/** Frames that will go as one message. */
interface Outgoing {
  frames: string[]
  length: number
  taken: Promise<void>
  onTaken(): void
}

/** One browser tab: its calls and subscriptions over one WebSocket. Resolves when the socket has closed. */
export function serveMultiplex(socket: WebSocket, options: MultiplexOptions): Promise<void> {
  return new MultiplexSession(socket, options).closed
}

class MultiplexSession {
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #options: MultiplexOptions
  readonly #calls = new Map<number, AbortController>()
  readonly #subscriptions = new Map<number, Flow>()
  #answered = true
  #outgoing: Outgoing | undefined

  constructor(socket: WebSocket, options: MultiplexOptions) {
    this.#socket = socket
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    const beating = setInterval(() => this.#beat(), options.beatMs ?? BEAT_MS)
    const onStopping = () => this.#stop()
    socket.on('message', (data, binary) => this.#receive(data, binary))
    socket.on('pong', () => {
      this.#answered = true
    })
    // Told again by `close`.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(beating)
      options.stopping.removeEventListener('abort', onStopping)
      for (const call of this.#calls.values()) call.abort()
      for (const flow of this.#subscriptions.values()) flow.end()
      resolve()
    })
    options.stopping.addEventListener('abort', onStopping, { once: true })
    if (options.stopping.aborted) onStopping()
  }

  #receive(data: RawData, binary: boolean): void {
    const frame = binary ? undefined : parsed(String(data))
    this.#answered = true
    if (!frame) this.#socket.close(SocketClose.broken, 'not a frame of this protocol')
    else if ('beat' in frame) void this.#send({ beat: true })
    else if ('more' in frame) this.#subscriptions.get(frame.id)?.allow(frame.more)
    else if ('cancel' in frame) {
      this.#calls.get(frame.id)?.abort()
      this.#subscriptions.get(frame.id)?.end()
    } else this.#begin(frame)
  }

  #begin(frame: Extract<ClientFrame, { params?: unknown }>): void {
    const { id } = frame
    if (this.#calls.has(id) || this.#subscriptions.has(id))
      this.#socket.close(SocketClose.broken, `the id ${id} is in use`)
    else if (this.#calls.size + this.#subscriptions.size >= MOST_OPEN)
      this.#fail(id, 'call', new SkeinError('unavailable', `more than ${MOST_OPEN} requests are open here`))
    else if ('call' in frame) void this.#call(id, frame.call, frame.params)
    else void this.#subscribe(id, frame.subscribe, frame.params, frame.credits)
  }

  async #call(id: number, name: string, params: unknown): Promise<void> {
    const ending = new AbortController()
    this.#calls.set(id, ending)
    try {
      const method = callable(knownMethod(name))
      const result = await this.#options.api.call(method, params ?? {}, this.#options.caller, ending.signal)
      if (!ending.signal.aborted) this.#send({ id, result: result ?? null })
    } catch (error) {
      if (!ending.signal.aborted) this.#fail(id, name, error)
    } finally {
      this.#calls.delete(id)
    }
  }

  async #subscribe(id: number, name: string, params: unknown, credits: number): Promise<void> {
    const flow = new Flow(credits, this.#options.stallMs)
    this.#subscriptions.set(id, flow)
    let items: AsyncIterator<unknown> | undefined
    try {
      const method = subscribable(knownMethod(name))
      items = this.#options.api.subscribe(method, params ?? {}, flow.signal)[Symbol.asyncIterator]()
      for (;;) {
        const item = await orEnded(items.next(), flow)
        if (item.done) break
        await flow.credit(name)
        const sent = this.#send({ id, item: item.value })
        if (this.#waiting > MOST_WAITING) await orEnded(sent, flow)
      }
      this.#send({ id, end: true })
    } catch (error) {
      if (!flow.ended) this.#fail(id, name, error)
    } finally {
      this.#subscriptions.delete(id)
      flow.end()
      items?.return?.().catch(() => {})
    }
  }

  /**
   * Resolves when the network has taken it. All that is sent within one round of the event loop goes as one message: fifty agents that
   * stream would else cost a system call, here and in the browser, for each of their lines.
   */
  #send(frame: ServerFrame): Promise<void> {
    if (this.#socket.readyState !== OPEN) return Promise.resolve()
    if (this.#waiting > MOST_UNREAD) this.#socket.terminate()
    const text = JSON.stringify(frame)
    const outgoing = this.#outgoing ?? this.#gather()
    outgoing.frames.push(text)
    outgoing.length += text.length
    if (outgoing.length > MOST_IN_MESSAGE) this.#flush()
    return outgoing.taken
  }

  #gather(): Outgoing {
    const { promise, resolve } = Promise.withResolvers<void>()
    const outgoing: Outgoing = { frames: [], length: 0, taken: promise, onTaken: resolve }
    this.#outgoing = outgoing
    setImmediate(() => this.#outgoing === outgoing && this.#flush())
    return outgoing
  }

  #flush(): void {
    const outgoing = this.#outgoing
    if (!outgoing) return
    this.#outgoing = undefined
    const { frames, onTaken } = outgoing
    if (this.#socket.readyState === OPEN) {
      this.#socket.send(frames.length === 1 ? (frames[0] ?? '') : `[${frames.join()}]`, () => onTaken())
    } else onTaken()
  }

  /** What the network has not taken yet, in bytes or nearly. */
  get #waiting(): number {
    return this.#socket.bufferedAmount + (this.#outgoing?.length ?? 0)
  }

  #fail(id: number, name: string, thrown: unknown): void {
    const error = SkeinError.from(thrown, name)
    this.#options.onError(name, error)
    void this.#send({ id, error: error.toBody() })
  }

  /** A browser answers pings by itself, also for a page that sleeps; who does not has gone. */
  #beat(): void {
    if (!this.#answered) {
      this.#socket.terminate()
      return
    }
    this.#answered = false
    this.#socket.ping()
    void this.#send({ beat: true })
  }

  #stop(): void {
    for (const [id] of this.#subscriptions) void this.#send({ id, error: stoppingError('the subscription').toBody() })
    this.#flush()
    this.#socket.close(SocketClose.stopping, 'the server stops')
  }
}

function parsed(text: string): ClientFrame | undefined {
  try {
    return ClientFrame.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function callable(method: ApiMethod) {
  if (!isSubscription(method)) return method
  throw new SkeinError('invalid', `${method} is a subscription`, { next: 'Send a frame with `subscribe`.' })
}

function subscribable(method: ApiMethod): SubscriptionMethod {
  if (isSubscription(method)) return method
  throw new SkeinError('invalid', `${method} is no subscription`, { next: 'Send a frame with `call`.' })
}

/** How much one subscription may send, and whether it still may. */
class Flow {
  readonly #ending = new AbortController()
  readonly #stallMs: number
  #credits: number
  #wake = () => {}

  constructor(credits: number, stallMs = 60_000) {
    this.#credits = credits
    this.#stallMs = stallMs
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  get ended(): boolean {
    return this.#ending.signal.aborted
  }

  end(): void {
    this.#ending.abort()
    this.#wake()
  }

  allow(more: number): void {
    this.#credits += more
    this.#wake()
  }

  /** Takes one credit, waiting for it if there is none. */
  async credit(method: string): Promise<void> {
    if (this.#credits === 0 && !this.ended) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, this.#stallMs)
      this.#wake = resolve
      await promise
      clearTimeout(timer)
      if (this.#credits === 0 && !this.ended) throw stalledError(method, this.#stallMs)
    }
    if (this.ended) throw new SkeinError('cancelled', `${method}: ended`)
    this.#credits--
  }
}

/** Items that wait for something must not keep an ended subscription. */
function orEnded<T>(waiting: Promise<T>, flow: Flow): Promise<T> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(new SkeinError('cancelled', 'ended'))
    flow.signal.addEventListener('abort', onEnd, { once: true })
    if (flow.ended) onEnd()
    const done = () => flow.signal.removeEventListener('abort', onEnd)
    waiting.then(
      (value) => {
        done()
        resolve(value)
      },
      (error: unknown) => {
        done()
        reject(error)
      },
    )
  })
}
