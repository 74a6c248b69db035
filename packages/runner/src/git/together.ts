import { setTimeout as sleep } from 'node:timers/promises'

/** So long the first waits for company, milliseconds: a page asks several things at once. */
const GATHER = 4

interface Shared {
  answer: Promise<unknown>
  /** Those who still want it. */
  wanted: number
  leave: AbortController
}

/**
 * Lets those who ask for the same at the same time share one answer. Per key one piece of work is under way, and whoever asks
 * meanwhile shares the next: what has begun may have missed what was done since.
 */
export class Together {
  readonly #underWay = new Map<string, Promise<unknown>>()
  readonly #next = new Map<string, Shared>()

  /** `work` is given up when nobody who shares it wants it any more. */
  async run<T>(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const shared = this.#next.get(key) ?? this.#plan(key, work)
    shared.wanted++
    const leave = () => {
      if (--shared.wanted === 0) shared.leave.abort(signal?.reason)
    }
    const left = Promise.withResolvers<never>()
    const onAbort = () => {
      leave()
      left.reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return (await Promise.race([shared.answer, left.promise])) as T
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #plan<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Shared {
    const leave = new AbortController()
    const before = Promise.allSettled([this.#underWay.get(key), sleep(GATHER)])
    const answer = before.then(() => {
      this.#next.delete(key)
      leave.signal.throwIfAborted()
      return work(leave.signal)
    })
    const shared: Shared = { answer, wanted: 0, leave }
    this.#next.set(key, shared)
    const settled = answer
      .catch(() => {})
      .finally(() => {
        if (this.#underWay.get(key) === settled) this.#underWay.delete(key)
      })
    this.#underWay.set(key, settled)
    return shared
  }
}
