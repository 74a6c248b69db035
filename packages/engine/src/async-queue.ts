/**
 * A queue with one reader. `push` answers false, and drops everything, once `limit` items wait: the reader is then told so by
 * `lagged`, and fetches from the store what it missed.
 */
export class AsyncQueue<T> implements AsyncDisposable {
  readonly #limit: number
  #items: T[] = []
  #wake: (() => void) | undefined
  #closed = false
  #lagged = false

  constructor(limit: number) {
    this.#limit = limit
  }

  push(item: T): boolean {
    if (this.#closed) return false
    if (this.#items.length >= this.#limit) {
      this.#items = []
      this.#lagged = true
    }
    if (!this.#lagged) this.#items.push(item)
    this.#wake?.()
    return !this.#lagged
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  /** All that waits, once there is something; `undefined` when the queue is closed and empty. */
  async take(): Promise<{ items: T[]; lagged: boolean } | undefined> {
    while (this.#items.length === 0 && !this.#lagged) {
      if (this.#closed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    const taken = { items: this.#items, lagged: this.#lagged }
    this.#items = []
    this.#lagged = false
    return taken
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
