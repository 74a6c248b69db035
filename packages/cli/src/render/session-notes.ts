import type { AgentEvent } from '@skein/protocol'
import { cleanLine } from './clean.ts'
import { dollars, duration } from './figures.ts'
import { type Row, row, type Span, span } from './row.ts'

const MARK: Record<'info' | 'warning' | 'error', Span> = {
  info: span('· ', 'dim'),
  warning: span('! ', 'warn'),
  error: span('✗ ', 'bad'),
}

/** What an event about the session itself (not its content) is worth to a reader: no row, or a few. */
export function noteRows(event: AgentEvent, now: number): Row[] {
  switch (event.type) {
    case 'notice': {
      const retry = event.retry
        ? ` (attempt ${event.retry.attempt} of ${event.retry.max}, again in ${duration(event.retry.inMs)})`
        : ''
      return [
        row(
          MARK[event.severity],
          `${cleanLine(event.title)}${retry}`,
          span(event.detail ? ` — ${cleanLine(event.detail)}` : '', 'dim'),
        ),
      ]
    }
    case 'rate_limit': {
      if (event.status === 'allowed') return []
      const when = event.resetsAt === undefined ? '' : `, resets in ${duration(event.resetsAt - now)}`
      const used = event.utilization === undefined ? '' : ` ${Math.round(event.utilization * 100)} % used`
      const what = event.status === 'rejected' ? 'Rate limit reached' : 'Close to the rate limit:'
      return [row(MARK.warning, `${what}${used}${when}`)]
    }
    case 'compaction_update': {
      if (event.status === 'running') return []
      const tokens = event.preTokens && event.postTokens ? ` (${event.preTokens} → ${event.postTokens} tokens)` : ''
      return [
        event.status === 'failed'
          ? row(MARK.warning, 'The context could not be compacted')
          : row(span(`· Context compacted${tokens}`, 'dim')),
      ]
    }
    case 'agent_process':
      return event.state === 'lost'
        ? [
            row(
              MARK.warning,
              'The agent’s process ended unexpectedly',
              span(event.reason ? ` — ${cleanLine(event.reason)}` : '', 'dim'),
            ),
          ]
        : []
    case 'turn_started':
      return event.origin === 'user' || event.origin === 'command' ? [] : [row(span(`· ${WOKEN[event.origin]}`, 'dim'))]
    default:
      return []
  }
}

const WOKEN = {
  task: 'The agent goes on: a background task has ended',
  schedule: 'The agent goes on: its schedule says so',
  peer: 'The agent goes on: another agent wrote to it',
  resume: 'The agent goes on after its process was lost',
} as const

/** The line below a turn, in a transcript that is read afterwards. */
export function turnEndRows(event: Extract<AgentEvent, { type: 'turn_ended' }>): Row[] {
  const figures = [
    event.durationMs === undefined ? undefined : duration(event.durationMs),
    event.costDelta === undefined ? undefined : dollars(event.costDelta),
  ].filter((part) => part !== undefined)
  const well = event.stopReason === 'end_turn'
  const why = event.error?.message ?? (event.stopReason === 'cancelled' ? undefined : event.detail)
  return [
    row(
      well
        ? span('— turn ended', 'dim')
        : span(`— turn ended: ${STOPPED[event.stopReason] ?? event.stopReason}`, 'warn'),
      span(why && !well ? ` — ${cleanLine(why)}` : '', 'dim'),
      span(figures.length > 0 ? ` · ${figures.join(' · ')}` : '', 'dim'),
    ),
  ]
}

/** Why a turn ended, for a person; `end_turn` needs no words. */
export const STOPPED: Partial<Record<Extract<AgentEvent, { type: 'turn_ended' }>['stopReason'], string>> = {
  max_tokens: 'the answer was cut at the token limit',
  max_turn_requests: 'the limit of turns was reached',
  refusal: 'the model refused',
  cancelled: 'interrupted',
  budget: 'the budget was used up',
  limit: 'a limit was reached',
  context_full: 'the context window is full',
  hook: 'a hook stopped it',
  error: 'it failed',
  process_lost: 'the agent’s process was lost',
}
