import type { BatchFailure } from './failure.ts'
import type { BatchReport, BatchStop, RequestOutcome } from './outcome.ts'

/** What happens in a batch, in order. `index` is the request's place. */
export type BatchEvent =
  | { type: 'begun'; batchId: string; requests: number /** Ended before, by the record. */; done: number }
  | {
      type: 'started'
      index: number
      id: string
      attempt: number /** Begun by an earlier process. */
      followed: boolean
    }
  /** The request's workspace, and how it is doing. */
  | {
      type: 'progress'
      index: number
      id: string
      workspaceId?: string
      workspace?: string
      sessionId?: string
      doing: string
      costUsd: number
    }
  | { type: 'retrying'; index: number; id: string; attempt: number; failure: BatchFailure; at: number }
  | { type: 'ended'; index: number; id: string; outcome: RequestOutcome }
  /** Nothing is begun until a time: a usage limit, or too much at once. */
  | { type: 'parked'; until: number; because: string }
  | { type: 'resumed' }
  /** No more requests are begun; those under way go on, unless it was cancelled. */
  | { type: 'stopping'; stop: BatchStop }
  | { type: 'finished'; report: BatchReport }

/** A queue that is read as an async iterable; whoever does not read it costs nothing. */
export class EventFeed<T> {
  readonly #readers = new Set<{ items: T[]; wake: () => void }>()
  #closed = false

  push(item: T): void {
    for (const reader of this.#readers) {
      reader.items.push(item)
      reader.wake()
    }
  }

  close(): void {
    this.#closed = true
    for (const reader of this.#readers) reader.wake()
  }

  async *read(): AsyncGenerator<T> {
    const reader = { items: [] as T[], wake: () => {} }
    this.#readers.add(reader)
    try {
      for (;;) {
        yield* reader.items.splice(0)
        if (reader.items.length > 0) continue
        if (this.#closed) return
        await new Promise<void>((resolve) => {
          reader.wake = resolve
        })
      }
    } finally {
      this.#readers.delete(reader)
    }
  }
}
