import type { AgentMoment } from '@skein/plugin-api'
import type { ClaudeState } from './state.ts'

/** What the state says of the moment. */
export function inspect(state: ClaudeState): AgentMoment {
  return {
    ready: state.ready,
    busy: state.turn !== undefined,
    received: state.messages.map(({ id }) => id),
    background: state.tasks.length,
    openRequests: state.asks.map(({ requestId }) => requestId),
  }
}
