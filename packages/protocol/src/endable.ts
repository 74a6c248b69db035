/**
 * An async generator whose reader can end it while it waits. A plain generator's `return()` stands in line behind the `next()`
 * that is open; here it aborts `ending` first, and so does the reader's signal. The generator returns when `ending` is aborted.
 */
export function endable<T>(
  make: (ending: AbortController) => AsyncGenerator<T>,
  signal?: AbortSignal,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const ending = new AbortController()
      const onAbort = () => ending.abort(signal?.reason)
      if (signal?.aborted) onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      const done = () => signal?.removeEventListener('abort', onAbort)
      const items = whenDone(make(ending), done)
      return {
        next: () => items.next(),
        return: () => {
          ending.abort()
          done()
          return items.return(undefined)
        },
      }
    },
  }
}

async function* whenDone<T>(items: AsyncGenerator<T>, done: () => void): AsyncGenerator<T, undefined> {
  try {
    yield* items
  } finally {
    done()
  }
  return undefined
}
