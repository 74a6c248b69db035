import type { AgentEvent, DecodedEvent } from '@skein/plugin-api'
import { type ClaudeState, copy } from '../state.ts'

/** One step of the fold: a state that may be changed, and the events that the step gives. */
export class Fold {
  readonly state: ClaudeState
  readonly events: DecodedEvent[] = []
  #place: { agentId?: string; parentToolCallId?: string } = {}

  constructor(state: ClaudeState) {
    this.state = copy(state)
  }

  /** Events from here on belong to the sub-agent that this tool call started, or to the main conversation. */
  placeIn(agentId: string | undefined, parentToolCallId: string | undefined): void {
    const known = agentId ?? this.state.tasks.find((task) => task.toolCallId === parentToolCallId)?.id
    this.#place = {
      ...(parentToolCallId === undefined || known === undefined ? {} : { agentId: known }),
      ...(parentToolCallId === undefined ? {} : { parentToolCallId }),
    }
  }

  get place(): { agentId?: string; parentToolCallId?: string } {
    return this.#place
  }

  emit(event: AgentEvent): void {
    this.events.push({ event, ...this.#place })
  }
}
