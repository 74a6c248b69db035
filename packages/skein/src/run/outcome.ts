import type { AgentEventOf, Envelope, ErrorCode, Session, StopReason as TurnStop, Workspace } from '@skein/protocol'
import type { TurnEnd } from './follow.ts'
import type { Outcome, RunProblem, StopCode } from './result.ts'
import type { Stop } from './stop.ts'

/** How it went, by one rule for runs, streams, sessions and batches. */
export interface Judgement {
  outcome: Outcome
  exitCode: number | undefined
  error?: RunProblem
}

/**
 * The agent's own word counts, and nothing that it printed: a turn that it ended well is a success, whatever became of its process or
 * its machine afterwards. Where there is no such word, and nobody asked for the end, the outcome is `unknown`.
 */
export function judge(end: TurnEnd, stop: Pick<Stop, 'reason' | 'detail'>): Judgement {
  const { turn } = end
  if (turn && turn.stopReason === 'end_turn') return { outcome: 'succeeded', exitCode: 0 }
  const died = exitOf(end.transcript)
  if (stop.reason !== undefined)
    return { outcome: stop.reason, exitCode: died, error: stopped(stop.reason, stop.detail) }
  const error = problemOf(turn, end.session, end.workspace)
  if (turn?.stopReason === 'process_lost') return { outcome: 'unknown', exitCode: died, error }
  if (turn?.stopReason === 'cancelled') return { outcome: 'cancelled', exitCode: died, error }
  if (turn) return { outcome: 'failed', exitCode: died ?? 1, error }
  if (end.workspace.state === 'failed' || end.session?.problem) return { outcome: 'failed', exitCode: died, error }
  return { outcome: 'unknown', exitCode: died, error }
}

/** What ended a run from outside. */
export function stopped(reason: 'cancelled' | 'timed_out', detail: string | undefined): RunProblem {
  const what = reason === 'cancelled' ? 'the run was cancelled' : 'the run took too long'
  return {
    code: reason,
    message: detail === undefined ? what : `${what}: ${detail}`,
    retryable: reason === 'timed_out',
  }
}

/** The exit status of the agent's last process, where that ended by itself. */
function exitOf(transcript: readonly Envelope[]): number | undefined {
  const last = transcript.findLast(({ event }) => event.type === 'agent_process')?.event
  if (last?.type !== 'agent_process' || last.state !== 'exited') return undefined
  // Ended by us after its work, or by its machine's lease.
  if (last.reason === 'stopped' || last.reason === 'lease') return undefined
  return last.exitCode ?? undefined
}

const STOPS: Record<TurnStop, { code: RunProblem['code']; says: string; retryable: boolean }> = {
  end_turn: { code: 'unknown', says: 'the agent ended its turn', retryable: false },
  max_tokens: { code: 'max_tokens', says: 'the answer was cut off at its longest', retryable: false },
  max_turn_requests: { code: 'max_turns', says: 'the number of turns was used up', retryable: false },
  refusal: { code: 'refusal', says: 'the model refused', retryable: false },
  cancelled: { code: 'cancelled', says: 'the turn was interrupted', retryable: false },
  budget: { code: 'budget', says: 'the budget was used up', retryable: false },
  limit: { code: 'usage_limit', says: 'a usage limit was reached', retryable: true },
  context_full: { code: 'context_full', says: 'the context window was full', retryable: false },
  hook: { code: 'hook', says: 'a hook ended the turn', retryable: false },
  error: { code: 'unknown', says: 'the agent reported an error', retryable: false },
  process_lost: { code: 'process_lost', says: 'the agent’s process or its machine was lost', retryable: true },
}

function problemOf(
  turn: AgentEventOf<'turn_ended'> | undefined,
  session: Session | undefined,
  workspace: Workspace,
): RunProblem {
  if (turn) {
    const { code, says, retryable } = STOPS[turn.stopReason]
    const { error } = turn
    const message = error?.message ?? (turn.detail === undefined ? says : `${says}: ${turn.detail}`)
    return {
      code: turn.stopReason === 'error' && error ? error.code : code,
      message,
      retryable: error?.retryable ?? retryable,
      ...(error?.resetsAt === undefined ? {} : { resetsAt: error.resetsAt }),
    }
  }
  if (session?.problem) return { code: startCode(session), ...noted(session.problem), retryable: false }
  if (workspace.problem) return { code: codeOf(workspace), ...noted(workspace.problem), retryable: false }
  return { code: 'process_lost' satisfies StopCode, message: 'nobody can say how it ended', retryable: true }
}

function noted({ message, next }: { message: string; next?: string | undefined }): { message: string; next?: string } {
  return { message, ...(next === undefined ? {} : { next }) }
}

function startCode(session: Session): RunProblem['code'] {
  return session.problem?.code ?? 'startup'
}

function codeOf(workspace: Workspace): ErrorCode {
  return workspace.problem?.code ?? 'conflict'
}
