import type { LogPart, RunnerClient, RunnerNotifications } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { Handoff } from '../handoff.ts'
import { StreamRedactor } from '../security/redact.ts'

/** Of a longer output, this much of its beginning and of its end is shown, bytes. */
const HEAD = 1024 * 1024
const TAIL = 4 * 1024 * 1024
/** How far it is to the next line at most, where the middle was left out. */
const LONGEST_LINE = 4096

export interface ProcessStart {
  machineId: string
  id: string
  epoch: number
}

type Data = RunnerNotifications['process.data']
type Item = { type: 'data'; part: Data } | { type: 'gap'; have: number } | { type: 'exit' }

/**
 * What one start of a process printed, from its beginning to its end, without secrets, as fast as the reader takes it. A lost
 * link or a runner that died is waited for. The middle of a long output is left out: the offset jumps there.
 */
export async function* outputOf(
  context: EngineContext,
  start: ProcessStart,
  signal: AbortSignal,
): AsyncGenerator<LogPart> {
  const text = new ShownText(context)
  let at = 0
  let skip: { from: number; to: number } | undefined
  let first = true
  while (!signal.aborted) {
    const runner = await context.machines.runnerEventually(start.machineId, signal)
    try {
      const status = await runner.call('process.status', { id: start.id })
      if (!status || status.epoch < start.epoch) return
      if (first && status.epoch === start.epoch && status.size > HEAD + TAIL)
        skip = { from: HEAD, to: status.size - TAIL }
      first = false
      const ended = yield* partsOf(context, runner, start, at, signal, function* (item) {
        if (item.type === 'gap') {
          at = Math.max(at, item.have)
          yield* text.jump(at)
        } else {
          at = item.part.to
          yield* text.push(item.part.text)
        }
        if (!skip || at < skip.from) return true
        at = Math.max(at, skip.to)
        skip = undefined
        yield* text.jump(at)
        return false
      })
      if (ended) {
        yield* text.end()
        return
      }
    } catch (error) {
      if (!(error instanceof SkeinError)) throw error
      // Forgotten between two questions: whoever had it forgotten has its output.
      if (error.code === 'not_found') return
      if (error.code !== 'unavailable') throw error
    }
  }
}

/** Answers true when the start has ended and all of it was told; false when it has to be asked for again, from where it stands. */
async function* partsOf(
  context: EngineContext,
  runner: RunnerClient,
  { id, epoch }: ProcessStart,
  offset: number,
  signal: AbortSignal,
  tell: (item: Exclude<Item, { type: 'exit' }>) => Generator<LogPart, boolean>,
): AsyncGenerator<LogPart, boolean> {
  const handoff = new Handoff<Item>()
  const close = () => handoff.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  const forget = context.machines.whenLost(runner, close)
  try {
    const subscription = await runner.subscribe(
      { id, from: { epoch, offset } },
      {
        data: (part) => (part.epoch === epoch ? handoff.give({ type: 'data', part }) : undefined),
        gap: (gap) => {
          if (gap.epoch === epoch) void handoff.give({ type: 'gap', have: gap.have })
        },
        exit: () => void handoff.give({ type: 'exit' }),
        // Another start began, and this one's output is gone.
        epoch: () => void handoff.give({ type: 'exit' }),
      },
    )
    try {
      for (let item = await handoff.take(); item; item = await handoff.take()) {
        if (item.type === 'exit') return true
        if (!(yield* tell(item))) return false
      }
      return false
    } finally {
      close()
      await subscription.unsubscribe().catch(() => undefined)
    }
  } finally {
    forget()
    signal.removeEventListener('abort', close)
  }
}

/** Text without secrets, with the offset of each part. */
class ShownText {
  readonly #redactor: StreamRedactor
  #offset = 0
  #toNextLine = false

  constructor(context: EngineContext) {
    this.#redactor = new StreamRedactor(context.redactor)
  }

  *push(text: string): Generator<LogPart> {
    yield* this.#tell(this.#redactor.push(this.#toNextLine ? this.#fromNextLine(text) : text))
  }

  /** What follows comes from behind a part that is left out; a byte there counts as a character. */
  *jump(to: number): Generator<LogPart> {
    yield* this.end()
    this.#offset = Math.max(this.#offset, to)
    this.#toNextLine = true
  }

  *end(): Generator<LogPart> {
    yield* this.#tell(this.#redactor.end())
  }

  #fromNextLine(text: string): string {
    this.#toNextLine = false
    const line = text.indexOf('\n')
    // Without one near, at least no half of a character.
    return line !== -1 && line < LONGEST_LINE ? text.slice(line + 1) : text.replace(/^\uFFFD+/, '')
  }

  *#tell(text: string): Generator<LogPart> {
    if (text === '') return
    const offset = this.#offset
    this.#offset += text.length
    yield { offset, text }
  }
}
