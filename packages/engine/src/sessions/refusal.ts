import type { DecodedEvent } from '@skein/plugin-api'
import type { AgentError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { SessionTable } from '../store/schema.ts'
import type { SessionProblem } from './after-exit.ts'
import { MAX_ATTEMPTS, type SessionAction } from './decide.ts'
import { place } from './fold.ts'
import type { SessionLog } from './log.ts'

type Refusal = Extract<SessionAction, { do: 'refuse_prompt' }>

/** A prompt that will not reach the agent still gets its turn, so that whoever waits for it is told. */
export async function refusePrompt(
  context: EngineContext,
  log: SessionLog,
  row: SessionTable,
  { promptId, why }: Refusal,
): Promise<void> {
  const at = context.clock.now()
  const turn: DecodedEvent[] = [
    { event: { type: 'turn_started', origin: 'user', messageIds: [promptId] } },
    { event: { type: 'turn_ended', stopReason: why === 'budget' ? 'budget' : 'error', error: reason(why, row) } },
  ]
  await log.append(
    (fold) => {
      const placed = place(fold, turn, at)
      return { fold: placed.fold, entries: placed.events.map((event) => ({ placed: event, at })) }
    },
    (raw) => {
      raw.prepare(`update prompts set state = 'failed' where id = ?`).run(promptId)
    },
  )
}

function reason(why: Refusal['why'], row: SessionTable): AgentError {
  switch (why) {
    case 'budget':
      return { code: 'billing', message: 'the session has reached its cost limit', retryable: false }
    case 'attempts':
      return {
        code: 'process',
        message: `the agent process ended ${MAX_ATTEMPTS} times before it took this prompt`,
        retryable: true,
      }
    case 'problem': {
      const { code, message } = JSON.parse(row.problem ?? '{}') as SessionProblem
      return { code, message, retryable: false }
    }
  }
}
