/** `AsyncDisposableStack` for Node 22, which has `await using` only as bundlers write it. The bundles take it from here. */

type End = () => unknown

class Stack implements globalThis.AsyncDisposableStack {
  #ends: End[] = []
  #disposed = false
  readonly [Symbol.toStringTag] = 'AsyncDisposableStack'

  get disposed(): boolean {
    return this.#disposed
  }

  use<T extends AsyncDisposable | Disposable | null | undefined>(value: T): T {
    if (value === null || value === undefined) return value
    const end = Symbol.asyncDispose in value ? value[Symbol.asyncDispose] : value[Symbol.dispose]
    this.defer(() => end.call(value))
    return value
  }

  adopt<T>(value: T, onDisposeAsync: (value: T) => PromiseLike<void> | void): T {
    this.defer(() => onDisposeAsync(value))
    return value
  }

  defer(onDisposeAsync: () => PromiseLike<void> | void): void {
    this.#mustLive()
    this.#ends.push(onDisposeAsync)
  }

  move(): Stack {
    this.#mustLive()
    const moved = new Stack()
    moved.#ends = this.#ends
    this.#ends = []
    this.#disposed = true
    return moved
  }

  async disposeAsync(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    const errors: unknown[] = []
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 1) throw new AggregateError(errors, 'several things could not be ended')
    if (errors.length > 0) throw errors[0]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync()
  }

  #mustLive(): void {
    if (this.#disposed) throw new ReferenceError('this stack was disposed')
  }
}

export const AsyncDisposableStack: AsyncDisposableStackConstructor = globalThis.AsyncDisposableStack ?? Stack
