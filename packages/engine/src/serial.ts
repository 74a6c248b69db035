/** Runs one task after the other. A task that fails fails its caller only. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Resolves when everything that was given so far has ended. */
  async settled(): Promise<void> {
    await this.#last
  }
}
