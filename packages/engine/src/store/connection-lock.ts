import { SkeinError } from '@skein/protocol'

/** How long a caller waits for the store's one connection before it is told that somebody keeps it. */
const PATIENCE_MS = 60_000

/**
 * The turn to use the store's one connection, first come, first served. Kysely's queries and transactions and the group
 * commits all take it, so that none runs inside another's transaction.
 */
export class ConnectionLock {
  readonly #patienceMs: number
  readonly #waiting = new Set<() => void>()
  #held = false

  constructor(options: { patienceMs?: number } = {}) {
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS
  }

  /** Resolves when it is the caller's turn; each is to be followed by one `release`. Rejects when aborted or after a minute. */
  acquire(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(cancelled(signal))
    if (!this.#held) {
      this.#held = true
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const leave = (error: SkeinError) => {
        settle()
        reject(error)
      }
      const abort = () => leave(cancelled(signal))
      const timer = setTimeout(() => leave(keptTooLong(this.#patienceMs)), this.#patienceMs)
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiting.delete(enter)
      }
      const enter = () => {
        settle()
        resolve()
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.add(enter)
    })
  }

  /** Hands the turn to the next in the queue. */
  release(): void {
    const [next] = this.#waiting
    if (next) next()
    else this.#held = false
  }
}

function cancelled(signal: AbortSignal | undefined): SkeinError {
  return new SkeinError('cancelled', 'Waiting for the store was cancelled', { cause: signal?.reason })
}

// The usual cause: code inside a transaction that waits for a query or a write outside it, which waits for the transaction.
function keptTooLong(ms: number): SkeinError {
  return new SkeinError(
    'timed_out',
    `Waiting for the store: a transaction has been open for more than ${ms / 1000} s`,
    {
      next: 'Restart the server; nothing that was acknowledged is lost. Please report it, it is a defect.',
    },
  )
}
