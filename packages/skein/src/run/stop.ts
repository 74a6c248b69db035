/** Why a run is to end before its agent has. */
export type StopReason = 'cancelled' | 'timed_out'

/**
 * The one place where a run is told to end: by its caller's signal, by a clock, or because nobody reads on. The first reason counts,
 * and a second one changes nothing.
 */
export class Stop implements Disposable {
  readonly #controller = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #given: AbortSignal | undefined
  readonly #idleTimeout: number | undefined
  #idle: NodeJS.Timeout | undefined
  #reason: StopReason | undefined
  #detail: string | undefined

  constructor(options: {
    signal?: AbortSignal | undefined
    timeout?: number | undefined
    idleTimeout?: number | undefined
  }) {
    const { signal, timeout, idleTimeout } = options
    this.#given = signal
    this.#idleTimeout = idleTimeout
    if (signal?.aborted) this.now('cancelled', describe(signal.reason))
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (timeout !== undefined) this.#after(timeout, `it took more than ${timeout} ms`)
  }

  readonly #onAbort = () => this.now('cancelled', describe(this.#given?.reason))

  /** Aborted once the run is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get reason(): StopReason | undefined {
    return this.#reason
  }

  /** In words. */
  get detail(): string | undefined {
    return this.#detail
  }

  now(reason: StopReason, detail?: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#detail = detail
    this.#controller.abort()
  }

  /** The agent is at work: from here on it is expected to be heard of. */
  begin(): void {
    if (this.#idleTimeout === undefined || this.#reason !== undefined || this.#idle) return
    this.#idle = this.#after(this.#idleTimeout, `nothing was heard for ${this.#idleTimeout} ms`)
  }

  /** Something happened: the time of silence begins anew. */
  heard(): void {
    this.#idle?.refresh()
  }

  #after(ms: number, detail: string): NodeJS.Timeout {
    const timer = setTimeout(() => this.now('timed_out', detail), ms)
    this.#timers.add(timer)
    return timer
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#given?.removeEventListener('abort', this.#onAbort)
  }
}

function describe(reason: unknown): string | undefined {
  return reason instanceof Error && reason.name !== 'AbortError' ? reason.message : undefined
}
