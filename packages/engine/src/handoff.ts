/** Passes items from one who gives to one who takes, at the pace of the latter: giving resolves when the item was taken. */
export class Handoff<T> {
  #items: { item: T; taken: () => void }[] = []
  #wake: (() => void) | undefined
  #closed = false

  async give(item: T): Promise<void> {
    if (this.#closed) return
    await new Promise<void>((taken) => {
      this.#items.push({ item, taken })
      this.#wake?.()
    })
  }

  /** The next item; `undefined` once it is closed. */
  async take(): Promise<T | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    const next = this.#items.shift()
    next?.taken()
    return next?.item
  }

  /** Nothing is given or taken any more. */
  close(): void {
    this.#closed = true
    for (const { taken } of this.#items.splice(0)) taken()
    this.#wake?.()
  }
}
