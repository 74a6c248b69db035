import type { AgentEventOf, Envelope } from './events.ts'

type TurnEnded = AgentEventOf<'turn_ended'>

/** What a session's events say about the prompt that somebody waits for. */
export interface TurnTrack {
  /** The message that is waited for; absent: any turn will do. */
  readonly messageId: string | undefined
  /** The agent has taken the message up. */
  readonly taken: boolean
  readonly cancelled: boolean
  readonly open: boolean
  /** How the last turn ended that had to do with it. */
  readonly ended: TurnEnded | undefined
  /** Messages that are about to begin a turn: taken up just now, or sent by Skein to resume a turn that was lost. */
  readonly beginning: ReadonlySet<string>
  /** Requests to a person that wait, as far as the transcript tells. */
  readonly requests: ReadonlySet<string>
}

/** @param taken whatever turn is open counts, also one that began before */
export function startTracking(messageId: string | undefined, taken = false): TurnTrack {
  return {
    messageId,
    taken,
    cancelled: false,
    open: false,
    ended: undefined,
    beginning: new Set(),
    requests: new Set(),
  }
}

/** From now on another message is waited for. */
export function waitFor(state: TurnTrack, messageId: string): TurnTrack {
  return { ...state, messageId, taken: false, cancelled: false, ended: undefined }
}

/** One event later. */
export function track(state: TurnTrack, { event }: Envelope): TurnTrack {
  switch (event.type) {
    case 'turn_started': {
      const taken = state.messageId === undefined || event.messageIds.includes(state.messageId)
      return { ...state, open: true, taken: state.taken || taken, beginning: new Set() }
    }
    case 'turn_ended':
      return { ...state, open: false, ended: state.taken ? event : state.ended, requests: new Set() }
    case 'user_message':
    case 'user_message_update': {
      const over = event.state === 'cancelled' || event.state === 'completed'
      const begins = event.state === 'started' || (event.type === 'user_message' && event.origin === 'resume')
      const beginning = new Set(state.beginning)
      if (over) beginning.delete(event.messageId)
      else if (begins && !state.open) beginning.add(event.messageId)
      if (event.messageId !== state.messageId) return { ...state, beginning }
      if (event.state === 'cancelled') return { ...state, beginning, cancelled: true }
      // A message that came while a turn was open may become a part of that turn.
      return { ...state, beginning, taken: state.taken || event.state === 'started' || event.state === 'completed' }
    }
    case 'permission_request':
    case 'elicitation_request':
      return { ...state, requests: new Set([...state.requests, event.requestId]) }
    case 'permission_resolved':
    case 'elicitation_resolved':
      return { ...state, requests: new Set([...state.requests].filter((id) => id !== event.requestId)) }
    default:
      return state
  }
}

/** No turn is open, and none is about to begin, as far as the events tell. */
export function isQuiet(state: TurnTrack): boolean {
  return !state.open && state.beginning.size === 0
}

/** The prompt has been dealt with, unless the session says that more is to come. */
export function isAnswered(state: TurnTrack): boolean {
  return isQuiet(state) && (state.cancelled || (state.taken && state.ended !== undefined))
}
