import type { DatabaseSync } from 'node:sqlite'
import { SkeinError } from '@skein/protocol'
import type { ConnectionLock } from './connection-lock.ts'
import { isDiskFull, storeError } from './sqlite-errors.ts'

/** Writes with prepared statements; synchronous, since it runs inside a transaction that others share. */
export type Write<T> = (raw: DatabaseSync) => T

interface Waiting {
  /** Runs the write; answers how to settle its promise once the transaction is durable. */
  run(raw: DatabaseSync): () => void
  reject(error: unknown): void
}

export interface GroupCommitOptions {
  /** At least this long between two commits, milliseconds. */
  delayMs?: number
  /** At most this many writes in one commit; when so many wait, the delay is cut short. */
  maxWrites?: number
}

/**
 * Collects the writes of many callers and commits them together, so that one sync of the disk serves them all. Writes take
 * effect in the order of the calls. Never await a write inside a Kysely transaction: it waits for that transaction's end.
 */
export class GroupCommit implements AsyncDisposable {
  readonly #raw: DatabaseSync
  readonly #lock: ConnectionLock
  readonly #delayMs: number
  readonly #maxWrites: number
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #committing: Promise<void> | undefined
  #lastCommit = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(store: { raw: DatabaseSync; lock: ConnectionLock }, options: GroupCommitOptions = {}) {
    this.#raw = store.raw
    this.#lock = store.lock
    this.#delayMs = options.delayMs ?? 5
    this.#maxWrites = options.maxWrites ?? 1_000
  }

  /**
   * Resolves with what `write` returned, after it is on the disk. What `write` throws rejects this call alone and undoes
   * this write alone. When the disk is full, every write of the commit rejects with `disk_full` and none has taken effect.
   */
  write<T>(write: Write<T>): Promise<T> {
    if (this.#closed)
      return Promise.reject(
        new SkeinError('cancelled', 'Writing to the store: it is being closed', {
          next: 'Try again once Skein runs again.',
        }),
      )
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        run(raw) {
          const result = write(raw)
          return () => resolve(result)
        },
        reject,
      })
      this.#schedule()
    })
  }

  /** Commits what waits now. Resolves when those writes are settled, well or not. */
  async flush(): Promise<void> {
    const last = this.#waiting.at(-1)
    while (last && this.#waiting.includes(last)) await this.#commitNext()
    await this.#committing
  }

  /** Commits what waits and takes no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.flush()
  }

  #schedule(): void {
    if (this.#committing) return
    const full = this.#waiting.length >= this.#maxWrites
    if (this.#timer && !full) return
    clearTimeout(this.#timer)
    const due = full ? 0 : Math.max(0, this.#lastCommit + this.#delayMs - performance.now())
    this.#timer = setTimeout(() => void this.#commitNext(), due)
  }

  /** Commits the next batch, after the one that is under way. */
  async #commitNext(): Promise<void> {
    if (this.#committing) return this.#committing
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#committing = this.#commit()
    await this.#committing
    this.#committing = undefined
    if (this.#waiting.length > 0) this.#schedule()
  }

  async #commit(): Promise<void> {
    try {
      await this.#lock.acquire()
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
      return
    }
    // Taken only now: what was added while others had the connection goes along.
    const batch = this.#waiting.splice(0, this.#maxWrites)
    try {
      for (const settle of transact(this.#raw, batch)) settle()
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.#lastCommit = performance.now()
      this.#lock.release()
    }
  }
}

/** Runs the batch in one transaction; throws when none of it has taken effect. */
function transact(raw: DatabaseSync, batch: Waiting[]): (() => void)[] {
  const doing = 'Writing to the store'
  try {
    raw.exec('begin immediate')
    const settlements = batch.map((waiting) => attempt(raw, waiting))
    raw.exec('commit')
    return settlements
  } catch (error) {
    if (raw.isOpen && raw.isTransaction) raw.exec('rollback')
    throw SkeinError.from(storeError(error, doing), doing)
  }
}

/** Runs one write under a savepoint. Throws only when the whole transaction is lost. */
function attempt(raw: DatabaseSync, waiting: Waiting): () => void {
  raw.exec('savepoint one_write')
  try {
    const settle = waiting.run(raw)
    raw.exec('release one_write')
    return settle
  } catch (error) {
    // SQLite has rolled everything back by itself after a full disk or an I/O error; or the next write would meet the same.
    if (!raw.isTransaction || isDiskFull(error)) throw error
    raw.exec('rollback to one_write; release one_write')
    return () => waiting.reject(error)
  }
}
