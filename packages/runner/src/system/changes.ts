/** A counter that can be waited on. Take the version, look at the world, wait for a later version: no change is missed. */
export class Changes {
  #version = 0
  readonly #waiting = new Set<() => void>()

  get version(): number {
    return this.#version
  }

  announce(): void {
    this.#version++
    for (const wake of [...this.#waiting]) wake()
  }

  /** Resolves once there is a version after this one, the signal aborts, or the time is over. */
  async after(version: number, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (this.#version !== version || signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs)
      const waiting = this.#waiting
      function wake(): void {
        clearTimeout(timer)
        waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }
}
