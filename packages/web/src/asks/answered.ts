import type { Ask } from '@skein/protocol'

/** How an ask that is no longer open ended: in one sentence, and what was said with it. */
export interface Ending {
  tone: 'yes' | 'no' | 'gone'
  sentence: string
  /** What the person wrote or chose, a line each. */
  details: readonly { name?: string; text: string }[]
}

/** `mine`: the answer was given in this tab. */
export function endingOf(ask: Ask, mine = false): Ending | undefined {
  if (ask.state === 'open') return undefined
  if (ask.state === 'cancelled')
    return { tone: 'gone', sentence: 'Withdrawn: the agent no longer waits for it.', details: [] }
  if (ask.state === 'expired')
    return { tone: 'gone', sentence: 'Expired: the agent’s process ended before it was answered.', details: [] }
  const { verb, tone, details } = answerOf(ask)
  return { tone, sentence: `${verb} by ${mine ? 'you' : nameOf(ask.answeredBy)}`, details }
}

function nameOf(by: string | undefined): string {
  if (by === undefined || by === 'user') return 'a person'
  return by === 'policy' ? 'a rule' : by
}

function answerOf(ask: Ask): { verb: string; tone: 'yes' | 'no'; details: Ending['details'] } {
  const answer = record(ask.answer)
  const feedback = typeof answer.feedback === 'string' && answer.feedback !== '' ? [{ text: answer.feedback }] : []
  switch (answer.type) {
    case 'allow': {
      const option = ask.options.find(({ optionId }) => optionId === answer.optionId)
      const rule = option?.kind === 'allow_always' ? [{ text: option.name }] : []
      return { verb: 'Allowed', tone: 'yes', details: rule }
    }
    case 'deny':
      return { verb: ask.kind === 'question' ? 'Declined' : 'Denied', tone: 'no', details: feedback }
    case 'answers':
      return {
        verb: 'Answered',
        tone: 'yes',
        details: Object.entries(record(answer.answers)).map(([name, text]) => ({ name, text: String(text) })),
      }
    case 'approve_plan':
      return { verb: answer.plan === undefined ? 'Approved' : 'Approved with edits', tone: 'yes', details: [] }
    case 'request_changes':
      return { verb: 'Changes were requested', tone: 'no', details: feedback }
    default:
      return { verb: 'Answered', tone: 'yes', details: [] }
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
