import { EPHEMERAL, type RunnerClient, type RunnerNotifications, SkeinError } from '@skein/protocol'
import { wait } from '../clock.ts'
import { agentOf, type EngineContext } from '../context.ts'
import { foldLine } from './fold.ts'
import type { Entry, SessionLog } from './log.ts'

/** The process of a session's agent, as the runner knows it. */
export const processId = (sessionId: string) => `agent-${sessionId}`

export interface JournalHandlers {
  /** Something durable was appended. */
  appended(): void
  /** The epoch has ended and all of its output is in the transcript. */
  ended(exit: RunnerNotifications['process.exit']): void
}

const RETRY_WRITE_MS = 1000

/**
 * Follows the journal of one epoch from a cursor: bytes become lines, lines become events, events and cursor are stored
 * together, and what is stored is acknowledged.
 */
export async function followJournal(
  context: EngineContext,
  log: SessionLog,
  agentKind: string,
  runner: RunnerClient,
  from: { epoch: number; offset: number },
  handlers: JournalHandlers,
): Promise<{ stop(): Promise<void> }> {
  const agent = agentOf(context, agentKind)
  const lines = new LineSplitter(from.offset)

  const data = async (part: RunnerNotifications['process.data']) => {
    if (part.epoch !== from.epoch) return
    const complete = lines.push(part.text, part.from, part.to)
    if (complete.length === 0) return
    const at = context.clock.now()
    let stored: { offset: number; agent: unknown } | undefined
    await untilWritten(context, () =>
      log.append((fold) => {
        const entries: Entry[] = []
        stored = undefined
        for (const { text, end } of complete) {
          if (text.trim() === '') continue
          const step = foldLine(fold, agent, text, at)
          fold = step.fold
          step.events.forEach((placed, n) => {
            entries.push({ placed, at, src: { epoch: from.epoch, offset: end, n } })
          })
          // Deltas never move the cursor: a line is passed only with what is stored of it.
          if (step.events.some(({ event }) => !EPHEMERAL.has(event.type))) stored = { offset: end, agent: fold.agent }
        }
        if (!stored) return { fold, entries }
        const update = { cursor_epoch: from.epoch, cursor_offset: stored.offset }
        return { fold, entries, durableAgent: { state: stored.agent }, update }
      }),
    )
    const cursor = (stored as { offset: number } | undefined)?.offset
    if (cursor === undefined) return
    handlers.appended()
    runner
      .call('process.ack', { id: processId(log.id), cursor: { epoch: from.epoch, offset: cursor } })
      .catch(() => undefined)
  }

  const subscription = await runner.subscribe(
    { id: processId(log.id), from },
    {
      data,
      exit: (exit) => {
        if (exit.epoch === from.epoch) handlers.ended(exit)
      },
      gap: (gap) => {
        context.log('warn', 'the journal has a gap', { sessionId: log.id, ...gap })
        void log.append((fold) => ({
          fold,
          entries: [
            {
              at: context.clock.now(),
              placed: {
                event: {
                  type: 'notice',
                  severity: 'warning',
                  code: 'journal_gap',
                  title: 'Some of the agent’s output was lost',
                  detail:
                    gap.why === 'host_crash'
                      ? 'The machine went down before it was on the disk.'
                      : 'It was freed before it was read.',
                },
              },
            },
          ],
        }))
      },
    },
  )
  return { stop: () => subscription.unsubscribe() }
}

/** A full disk must not cost an event: the part stays unacknowledged, and the write is tried until there is room. */
async function untilWritten(context: EngineContext, write: () => Promise<void>): Promise<void> {
  for (let told = false; ; ) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code !== 'disk_full') throw error
      if (!told)
        context.changes.notice(
          'error',
          'The disk is full',
          'Agents work on; nothing is lost. Free some space and the transcript goes on.',
        )
      told = true
      context.log('error', 'the store cannot be written', { error: error.message })
      await wait(context.clock, RETRY_WRITE_MS, context.signal)
    }
  }
}

/** Cuts journal text into lines with the byte offset after each. */
class LineSplitter {
  #rest = ''
  #restBytes = 0
  #offset: number

  constructor(offset: number) {
    this.#offset = offset
  }

  push(text: string, from: number, to: number): { text: string; end: number }[] {
    if (from !== this.#offset) {
      throw new SkeinError('internal', `the journal was read out of order: ${from} instead of ${this.#offset}`)
    }
    this.#offset = to
    const lines: { text: string; end: number }[] = []
    let position = from - this.#restBytes
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = this.#rest + text.slice(start, end)
      position += Buffer.byteLength(line) + 1
      lines.push({ text: line, end: position })
      this.#rest = ''
      start = end + 1
    }
    this.#rest += text.slice(start)
    const last = lines.at(-1)
    // Bytes that are no UTF-8 were replaced and count differently; the end of the part is sure.
    if (last && this.#rest === '') last.end = position = to
    this.#restBytes = to - position
    return lines
  }
}
