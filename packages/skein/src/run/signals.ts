/** What several sources tell, in the order in which it came, for one reader. */
export class Signals<T> implements AsyncIterable<T> {
  #items: T[] = []
  #failure: { error: unknown } | undefined
  #wake: (() => void) | undefined

  put(item: T): void {
    this.#items.push(item)
    this.#wake?.()
  }

  /** The reader gets what came before, then this error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  /** Puts all that a source gives; its failure is ours, unless nobody listens any more. */
  drain<S>(source: AsyncIterable<S>, as: (item: S) => T, signal: AbortSignal): void {
    const read = async () => {
      for await (const item of source) this.put(as(item))
    }
    read().catch((error: unknown) => {
      if (!signal.aborted) this.fail(error)
    })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const items = this.#items
      this.#items = []
      yield* items
      if (this.#items.length > 0) continue
      if (this.#failure) throw this.#failure.error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
