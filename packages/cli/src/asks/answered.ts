import { userInfo } from 'node:os'
import type { Ask } from '@skein/protocol'

/** Who answers from this terminal. */
export function answerer(): string {
  try {
    return userInfo().username
  } catch {
    return 'somebody'
  }
}

/** What became of an ask, in a sentence. */
export function howItEnded(ask: Ask): string {
  switch (ask.state) {
    case 'open':
      return 'It still waits.'
    case 'cancelled':
      return 'It was withdrawn.'
    case 'expired':
      return 'It expired.'
    case 'answered':
      return `${ask.answeredBy ?? 'Somebody'} answered: ${answerInWords(ask)}.`
  }
}

/** The answer that counted, in a few words. */
export function answerInWords(ask: Ask): string {
  const answer = ask.answer
  if (typeof answer !== 'object' || answer === null || !('type' in answer)) return 'answered'
  const told = (key: string) => (key in answer ? String(Reflect.get(answer, key)) : undefined)
  switch (answer.type) {
    case 'allow': {
      const option = ask.options.find(({ optionId }) => optionId === told('optionId'))
      return option?.kind === 'allow_always' ? `allowed (${option.name})` : 'allowed'
    }
    case 'deny':
      return `denied${told('feedback') ? ` (“${told('feedback')}”)` : ''}`
    case 'answers':
      return 'answers' in answer && typeof answer.answers === 'object' && answer.answers !== null
        ? Object.values(answer.answers).join('; ')
        : 'answered'
    case 'approve_plan':
      return `approved${'plan' in answer && answer.plan !== undefined ? ', edited' : ''}`
    case 'request_changes':
      return `changes requested (“${told('feedback') ?? ''}”)`
    default:
      return 'answered'
  }
}
