/** Brings what happens in several places into one order, so that one loop can read it from top to bottom. */
export class Inbox<T> implements AsyncIterable<T> {
  #items: T[] = []
  #wake: (() => void) | undefined
  #failure: { error: unknown } | undefined

  put(item: T): void {
    this.#items.push(item)
    this.#wake?.()
  }

  /** The loop ends with this error, after what came before. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  /** Puts all of a stream in; its failure is the inbox's. */
  async drain<S>(stream: AsyncIterable<S>, put: (item: S) => void, signal: AbortSignal): Promise<void> {
    try {
      for await (const item of stream) put(item)
    } catch (error) {
      if (!signal.aborted) this.fail(error)
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) yield item
      else if (this.#failure) throw this.#failure.error
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }
}
