import type { Duplex } from 'node:stream'
import { ErrorBody, SkeinError } from './errors.ts'

/** The largest frame either side accepts, bytes. */
export const MAX_FRAME = 1024 * 1024

type Frame = { id?: number; method?: string; params?: unknown; result?: unknown; error?: unknown }

export interface PeerOptions {
  /** Answers a request. What it throws goes back as an error. */
  onRequest?(method: string, params: unknown): Promise<unknown>
  onNotification?(method: string, params: unknown): void
  /** Called once, when the stream has ended for whatever reason. */
  onClose?(error: Error | undefined): void
}

/**
 * JSON-RPC 2.0 over one byte stream, a frame a line. Symmetric: either side may ask. Requests that are open when the stream
 * ends fail with `unavailable`; whether to ask again is the caller's to know (every verb of ours is idempotent).
 */
export class RpcPeer {
  readonly #stream: Duplex
  readonly #options: PeerOptions
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void; method: string }>()
  #nextId = 1
  #drained: Promise<void> | undefined
  #pending: Buffer[] = []
  #pendingBytes = 0
  #closed = false

  constructor(stream: Duplex, options: PeerOptions = {}) {
    this.#stream = stream
    this.#options = options
    stream.on('data', (bytes: Buffer) => this.#receive(bytes))
    stream.on('error', (error: Error) => this.#close(error))
    stream.on('end', () => this.close())
    stream.on('close', () => this.#close(undefined))
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Asks the other side. Aborting the signal stops waiting, not the work. */
  async request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (this.#closed) throw new SkeinError('unavailable', `${method}: the connection is closed`)
    signal?.throwIfAborted()
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve, reject) => this.#open.set(id, { resolve, reject, method }))
    const onAbort = () => {
      const waiting = this.#open.get(id)
      this.#open.delete(id)
      waiting?.reject(new SkeinError('cancelled', `${method}: cancelled`, { cause: signal?.reason }))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      this.#send({ id, method, params })
      return await answer
    } finally {
      this.#open.delete(id)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Sends a one-way message. Resolves once the stream has room again, so that a producer runs at the reader's pace. */
  async notify(method: string, params: unknown): Promise<void> {
    if (this.#closed) throw new SkeinError('unavailable', `${method}: the connection is closed`)
    if (this.#send({ method, params })) return
    this.#drained ??= this.#untilDrained()
    await this.#drained
  }

  /** One wait for all who wait: the stream has room again, or is gone. */
  async #untilDrained(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#stream.off('drain', done)
        this.#stream.off('close', done)
        resolve()
      }
      this.#stream.once('drain', done)
      this.#stream.once('close', done)
    })
    this.#drained = undefined
  }

  close(error?: Error): void {
    this.#stream.destroy()
    this.#close(error)
  }

  #send(frame: Frame): boolean {
    const line = `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`
    if (line.length > MAX_FRAME && Buffer.byteLength(line) > MAX_FRAME) {
      throw new SkeinError(
        'invalid',
        `${frame.method ?? 'answer'}: a frame of ${line.length} bytes is over the limit of ${MAX_FRAME}`,
      )
    }
    return this.#stream.write(line)
  }

  #receive(bytes: Buffer): void {
    let start = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      const part = bytes.subarray(start, end)
      start = end + 1
      const line = this.#pending.length === 0 ? part : Buffer.concat([...this.#pending, part])
      this.#pending = []
      this.#pendingBytes = 0
      if (line.length > 0) this.#dispatch(line)
      if (this.#closed) return
    }
    if (start === bytes.length) return
    this.#pending.push(bytes.subarray(start))
    this.#pendingBytes += bytes.length - start
    if (this.#pendingBytes > MAX_FRAME)
      this.close(new SkeinError('invalid', `a frame is over the limit of ${MAX_FRAME} bytes`))
  }

  #dispatch(line: Buffer): void {
    let frame: Frame
    try {
      frame = JSON.parse(line.toString('utf8')) as Frame
    } catch (cause) {
      this.close(new SkeinError('invalid', 'the other side sent a line that is not JSON', { cause }))
      return
    }
    if (frame.method !== undefined) {
      if (frame.id === undefined) this.#options.onNotification?.(frame.method, frame.params)
      else void this.#answer(frame.id, frame.method, frame.params)
      return
    }
    if (frame.id === undefined) return
    const waiting = this.#open.get(frame.id)
    if (!waiting) return
    this.#open.delete(frame.id)
    if (frame.error === undefined) waiting.resolve(frame.result)
    else waiting.reject(errorFrom(frame.error, waiting.method))
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    let frame: Frame
    try {
      if (!this.#options.onRequest) throw new SkeinError('invalid', `${method}: this side answers no requests`)
      frame = { id, result: (await this.#options.onRequest(method, params)) ?? null }
    } catch (error) {
      const body = SkeinError.from(error, method).toBody()
      frame = { id, error: { code: -32000, message: body.message, data: body } }
    }
    if (this.#closed) return
    try {
      this.#send(frame)
    } catch (error) {
      const body = SkeinError.from(error, method).toBody()
      this.#send({ id, error: { code: -32000, message: body.message, data: body } })
    }
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    for (const { reject, method } of this.#open.values()) {
      reject(
        new SkeinError('unavailable', `${method}: the connection was lost before the answer came`, { cause: error }),
      )
    }
    this.#open.clear()
    this.#options.onClose?.(error)
  }
}

function errorFrom(error: unknown, method: string): SkeinError {
  const data = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined
  const body = ErrorBody.safeParse(data)
  return body.success
    ? SkeinError.fromBody(body.data)
    : new SkeinError('internal', `${method}: ${JSON.stringify(error)}`)
}
