import { type Envelope, type ErrorCode, SkeinError, textOf } from '@skein/protocol'
import type { Outcome, RunProblem, TurnResult } from './result.ts'

const LINES_SHOWN = 20

const CODES: Record<Exclude<Outcome, 'succeeded'>, ErrorCode> = {
  failed: 'conflict',
  unknown: 'unavailable',
  cancelled: 'cancelled',
  timed_out: 'timed_out',
}

/**
 * A run that did not succeed, thrown where that was asked for (`throwOnFailure`). `result` is all that came of it; the message shows
 * the last lines of its log, `log` has them all.
 */
export class RunError extends SkeinError {
  readonly result: TurnResult
  readonly log: readonly string[]

  constructor(result: TurnResult & { outcome: Exclude<Outcome, 'succeeded'> }) {
    const problem: RunProblem = result.error ?? { code: 'unknown', message: 'no reason was given', retryable: false }
    const log = logLines(result.transcript)
    const shown = log.slice(-LINES_SHOWN)
    super(
      CODES[result.outcome],
      [`the run ${WORDS[result.outcome]}: ${problem.message}`, ...shown.map((line) => `  ${line}`)].join('\n'),
      { next: problem.next, details: { outcome: result.outcome, problem: problem.code } },
    )
    this.name = 'RunError'
    this.result = result
    this.log = log
  }
}

const WORDS: Record<Exclude<Outcome, 'succeeded'>, string> = {
  failed: 'failed',
  unknown: 'ended, and nobody knows how',
  cancelled: 'was cancelled',
  timed_out: 'took too long',
}

/** A transcript as lines: what the agent said, what it called, and what its process wrote at the end. */
export function logLines(transcript: readonly Envelope[]): string[] {
  return transcript.flatMap(({ event }) => {
    switch (event.type) {
      case 'agent_message':
        return linesOf(textOf(event.content))
      case 'tool_call':
        return [`[${event.name}] ${event.title}`]
      case 'tool_call_update':
        return linesOf(
          (event.content ?? [])
            .map((part) => (part.type === 'content' ? textOf([part.content]) : ''))
            .filter((text) => text !== '')
            .join('\n'),
        )
      case 'notice':
        return linesOf(event.detail === undefined ? event.title : `${event.title}: ${event.detail}`)
      case 'agent_process':
        return linesOf(event.stderrTail ?? '')
      default:
        return []
    }
  })
}

function linesOf(text: string): string[] {
  const trimmed = text.trimEnd()
  return trimmed === '' ? [] : trimmed.split('\n')
}
