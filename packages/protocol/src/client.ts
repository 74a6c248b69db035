import {
  type ApiMethod,
  type ApiParams,
  type ApiResult,
  apiMethods,
  type CallMethod,
  type SkeinApi,
  type SubscriptionMethod,
} from './api.ts'
import { endable } from './endable.ts'
import { ErrorBody, SkeinError } from './errors.ts'
import { readLines } from './ndjson.ts'

/** How often a server sends an empty line on a subscription that has nothing to say, milliseconds. */
export const HEARTBEAT_MS = 10_000

/** The largest request that a server takes, bytes of JSON. */
export const MAX_REQUEST = 64 * 1024 * 1024

/** How requests reach a server. `client-node.ts` has one over Unix sockets and TCP; a browser's is `fetch`. */
export interface Transport extends AsyncDisposable {
  /**
   * Posts one request. Throws `connectionError` when no answer comes. Aborting the signal ends the request, also while its
   * body is read; leaving the body's loop does so too.
   */
  post(path: string, body: string, signal: AbortSignal): Promise<{ status: number; body: AsyncIterable<Uint8Array> }>
}

export interface ClientOptions {
  /** Checks every result against its schema; for tests and development. */
  validate?: boolean
  /** A subscription on which not even a heartbeat came for this long is lost, milliseconds. */
  silenceMs?: number
}

/**
 * `failed`: nothing was sent. `lost`: it was sent and no answer came, so it may have been done. `stopping`: the server ended
 * the subscription because it stops. `dropped`: it ended one subscription whose reader was too slow; the connection holds.
 */
export type ConnectionLoss = 'failed' | 'lost' | 'stopping' | 'dropped'

/** The error of a connection, not of the request: the same request may be made again with the same key. */
export function connectionError(loss: ConnectionLoss, message: string, cause?: unknown): SkeinError {
  const errno = cause instanceof Error && 'code' in cause ? { errno: String(cause.code) } : {}
  return new SkeinError('unavailable', message, { details: { connection: loss, ...errno }, cause })
}

/** Whether an error came from the connection, and how far the request had got. */
export function connectionLoss(error: unknown): ConnectionLoss | undefined {
  if (!(error instanceof SkeinError) || error.code !== 'unavailable') return undefined
  const loss = error.details?.connection
  return loss === 'failed' || loss === 'lost' || loss === 'stopping' || loss === 'dropped' ? loss : undefined
}

/** `SkeinApi` over HTTP: `POST /v1/<method>`, subscriptions as lines of JSON. */
export function createClient(transport: Transport, options: ClientOptions = {}): SkeinApi {
  return new HttpClient(transport, options)
}

class HttpClient implements SkeinApi {
  readonly #transport: Transport
  readonly #validate: boolean
  readonly #silenceMs: number

  constructor(transport: Transport, options: ClientOptions) {
    this.#transport = transport
    this.#validate = options.validate ?? false
    this.#silenceMs = options.silenceMs ?? 3 * HEARTBEAT_MS
  }

  async call<M extends CallMethod>(method: M, params: ApiParams<M>, signal?: AbortSignal): Promise<ApiResult<M>> {
    const patient = signal ?? new AbortController().signal
    try {
      patient.throwIfAborted()
      const response = await this.#transport.post(`/v1/${method}`, JSON.stringify(params), patient)
      const text = await readText(response.body)
      if (response.status !== 200) throw errorFrom(response.status, text, method)
      return this.#result(method, JSON.parse(text))
    } catch (error) {
      if (patient.aborted) throw new SkeinError('cancelled', `${method}: cancelled`, { cause: patient.reason })
      throw error
    }
  }

  subscribe<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    signal?: AbortSignal,
  ): AsyncIterable<ApiResult<M>> {
    return endable((request) => this.#items(method, params, request), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]()
  }

  /** `request` ends the HTTP request: aborted by the reader, or by us when the server has fallen silent. */
  async *#items<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    request: AbortController,
  ): AsyncGenerator<ApiResult<M>> {
    let silent = false
    // Runs only while we wait: a reader that takes its time is not the server's silence.
    const watch = async <T>(waiting: Promise<T>): Promise<T> => {
      const timer = setTimeout(() => {
        silent = true
        request.abort()
      }, this.#silenceMs)
      try {
        return await waiting
      } finally {
        clearTimeout(timer)
      }
    }
    try {
      const response = await watch(this.#transport.post(`/v1/${method}`, JSON.stringify(params), request.signal))
      if (response.status !== 200) throw errorFrom(response.status, await watch(readText(response.body)), method)
      for await (const line of readLines(watched(response.body, watch))) {
        if (line !== '') yield this.#result(method, itemFrom(line, method))
      }
    } catch (error) {
      if (silent) throw connectionError('lost', `${method}: nothing was heard of the server for ${this.#silenceMs} ms`)
      if (!request.signal.aborted) throw error
    }
  }

  #result<M extends ApiMethod>(method: M, value: unknown): ApiResult<M> {
    return (this.#validate ? apiMethods[method].result.parse(value) : value) as ApiResult<M>
  }
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  watch: <T>(waiting: Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await watch(chunks.next())
      if (next.done) return
      yield next.value
    }
  } finally {
    await chunks.return?.()
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

/** A line is an item, or `{"error": …}` as the last one. */
function itemFrom(line: string, method: string): unknown {
  const value: unknown = JSON.parse(line)
  if (typeof value === 'object' && value !== null && 'error' in value) {
    const body = ErrorBody.safeParse(value.error)
    throw body.success ? SkeinError.fromBody(body.data) : new SkeinError('internal', `${method}: ${line}`)
  }
  return value
}

function errorFrom(status: number, text: string, method: string): SkeinError {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const body = ErrorBody.safeParse(value)
  if (body.success) return SkeinError.fromBody(body.data)
  return new SkeinError('internal', `${method}: the server answered ${status}: ${text.slice(0, 500)}`)
}
