import type { ApiParams, ApiResult, CallMethod, SkeinApi, SubscriptionMethod } from './api.ts'
import { connectionLoss } from './client.ts'
import { endable } from './endable.ts'
import { SkeinError } from './errors.ts'
import { resumption } from './resumption.ts'

export interface ReconnectOptions {
  /** How often one request is made, at most, before its error is thrown. */
  attempts?: number
  /** Waits before the second, third, … attempt: this, then twice as long each time, at most 2 seconds. */
  backoffMs?: number
  /** Told of each loss before it is made good. */
  onLost?(error: SkeinError): void
}

const LONGEST_BACKOFF_MS = 2_000
/** A subscription that held for this long has earned its attempts anew. */
const HELD_MS = 5_000

/**
 * A `SkeinApi` that outlives its server. When the connection is lost it connects again and makes the request again: every
 * command carries its key, so nothing is done twice. `sessions.follow` goes on after the last event seen, `workspaces.log`
 * where it was; `changes` sends everything again, and what has gone meanwhile.
 *
 * @param connect makes one connection; called at the first use and after each loss, never twice at once
 */
export function withReconnect(
  connect: (signal: AbortSignal) => Promise<SkeinApi>,
  options: ReconnectOptions = {},
): SkeinApi {
  return new ReconnectingApi(connect, options)
}

class ReconnectingApi implements SkeinApi {
  readonly #connect: (signal: AbortSignal) => Promise<SkeinApi>
  readonly #options: ReconnectOptions
  readonly #attempts: number
  readonly #closing = new AbortController()
  #connection: Promise<SkeinApi> | undefined

  constructor(connect: (signal: AbortSignal) => Promise<SkeinApi>, options: ReconnectOptions) {
    this.#connect = connect
    this.#options = options
    this.#attempts = options.attempts ?? 10
  }

  async call<M extends CallMethod>(method: M, params: ApiParams<M>, signal?: AbortSignal): Promise<ApiResult<M>> {
    for (let attempt = 1; ; attempt++) {
      const connection = this.#connected()
      try {
        const api = await orAborted(connection, method, signal)
        return await api.call(method, params, signal)
      } catch (error) {
        // A server that was asked to stop has done so: starting another one to ask again would undo it.
        if (method === 'server.stop' && connectionLoss(error) === 'lost') return {} as ApiResult<M>
        await this.#recover(connection, error, attempt, method, signal)
      }
    }
  }

  subscribe<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    signal?: AbortSignal,
  ): AsyncIterable<ApiResult<M>> {
    return endable((ending) => this.#items(method, params, ending.signal), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const connection = this.#connection
    this.#connection = undefined
    await connection?.then(
      (api) => api[Symbol.asyncDispose](),
      () => {},
    )
  }

  async *#items<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    ending: AbortSignal,
  ): AsyncGenerator<ApiResult<M>> {
    const resuming = resumption(method, params)
    for (let attempt = 1; ; attempt++) {
      const connection = this.#connected()
      let since = performance.now()
      try {
        const api = await orAborted(connection, method, ending)
        since = performance.now()
        for await (const item of api.subscribe(method, resuming.params(), ending)) {
          yield* await resuming.receive(item, api)
        }
        return
      } catch (error) {
        if (ending.aborted) return
        if (performance.now() - since > HELD_MS) attempt = 1
        resuming.restart()
        await this.#recover(connection, error, attempt, method, ending).catch((reason: unknown) => {
          if (!ending.aborted) throw reason
        })
        if (ending.aborted) return
      }
    }
  }

  #connected(): Promise<SkeinApi> {
    if (this.#closing.signal.aborted) throw new SkeinError('cancelled', 'this client was closed')
    if (!this.#connection) {
      const connection = this.#connect(this.#closing.signal)
      this.#connection = connection
      connection.catch(() => this.#forget(connection))
    }
    return this.#connection
  }

  #forget(connection: Promise<SkeinApi>): void {
    if (this.#connection === connection) this.#connection = undefined
  }

  /** Returns when it is time for the next attempt; throws what cannot be made good by one. */
  async #recover(
    connection: Promise<SkeinApi>,
    error: unknown,
    attempt: number,
    method: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const loss = connectionLoss(error)
    if (loss === undefined || attempt >= this.#attempts || this.#closing.signal.aborted) throw error
    if (loss !== 'dropped') {
      if (this.#connection === connection) {
        this.#options.onLost?.(SkeinError.from(error, method))
        this.#forget(connection)
      }
      void connection.then(
        (api) => api[Symbol.asyncDispose](),
        () => {},
      )
    }
    const wait = Math.min((this.#options.backoffMs ?? 25) * 2 ** (attempt - 1), LONGEST_BACKOFF_MS)
    let timer: ReturnType<typeof setTimeout> | undefined
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, wait)
    })
    try {
      await orAborted(waited, method, signal)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Stops waiting, not what is waited for: others may wait for it too. */
async function orAborted<T>(waiting: Promise<T>, method: string, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return waiting
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new SkeinError('cancelled', `${method}: cancelled`, { cause: signal.reason }))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([waiting, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
