import type { Skein } from '../skein.ts'
import type { RunOptions } from './options.ts'
import type { RunEvent, RunResult } from './result.ts'
import { startRun } from './start.ts'

/** What `stream` gives: the events of one prompt as they come, and its result. */
export interface PromptStream<Result> extends AsyncIterable<RunEvent>, AsyncDisposable {
  /** Settles when all has ended; also where nobody reads the events. */
  readonly result: Promise<Result>
}

export type RunStream = PromptStream<RunResult>

/**
 * A run whose events can be read as they come: `for await (const event of stream(options))`. Leaving the loop early, by `break` or by an
 * exception, ends the run as `cancelled`, and returns when its machine is gone; so does disposing it.
 */
export function stream(options: RunOptions, skein?: Skein): RunStream {
  const events = new EventQueue()
  const { stop, result } = startRun(options, skein, { emit: (event) => events.put(event) })
  return new StartedStream(events, result, (why) => stop.now('cancelled', why))
}

/** The events of a prompt under way. They can be read once. */
export class StartedStream<Result> implements PromptStream<Result> {
  readonly result: Promise<Result>
  readonly #events: EventQueue
  readonly #cancel: (why: string) => void
  #read = false

  constructor(events: EventQueue, result: Promise<Result>, cancel: (why: string) => void) {
    this.#events = events
    this.#cancel = cancel
    this.result = result
    // Whoever only reads events hears of a failure by the loop.
    result.then(
      () => events.end(),
      (error: unknown) => events.end({ error }),
    )
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void> {
    if (this.#read) throw new Error('the events of a stream can be read once')
    this.#read = true
    try {
      yield* this.#events
    } finally {
      await this.#leave('its events are not read any more')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave('it was disposed')
  }

  async #leave(why: string): Promise<void> {
    this.#cancel(why)
    await this.result.catch(() => undefined)
  }
}

/** Events on their way to one reader, who may be slower than the agent, or not there. */
export class EventQueue implements AsyncIterable<RunEvent> {
  #items: RunEvent[] = []
  #wake: (() => void) | undefined
  #end: { error?: unknown } | undefined

  put(event: RunEvent): void {
    this.#items.push(event)
    this.#wake?.()
  }

  end(how: { error?: unknown } = {}): void {
    this.#end ??= how
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void> {
    for (;;) {
      const items = this.#items
      this.#items = []
      yield* items
      if (this.#items.length > 0) continue
      if (this.#end) {
        if ('error' in this.#end) throw this.#end.error
        return
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
