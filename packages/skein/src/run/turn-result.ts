import { type Envelope, textOf } from '@skein/protocol'
import type { TurnEnd } from './follow.ts'
import type { Judgement } from './outcome.ts'
import type { Artifact, TurnResult } from './result.ts'
import type { Stop } from './stop.ts'

interface Around {
  artifacts: readonly Artifact[]
  startedAt: number
  endedAt: number
  sessionId: string
}

/** What a caller gets of a turn that was followed to its end. */
export function turnResult(end: TurnEnd, { outcome, exitCode, error }: Judgement, around: Around): TurnResult {
  const { artifacts, startedAt, endedAt, sessionId } = around
  const now = Date.now()
  const preparedAt = end.preparedAt ?? endedAt
  return {
    outcome,
    text: end.turn?.result ?? lastWords(end.transcript),
    ...(end.turn?.structuredOutput === undefined ? {} : { structured: end.turn.structuredOutput }),
    costUsd: costOf(end.transcript),
    usage: { inputTokens: end.session?.usage.inputTokens ?? 0, outputTokens: end.session?.usage.outputTokens ?? 0 },
    exitCode,
    transcript: end.transcript,
    artifacts,
    machineId: end.workspace.machine,
    workspaceId: end.workspace.id,
    sessionId,
    ...(error ? { error } : {}),
    durations: {
      prepare: preparedAt - startedAt,
      agent: endedAt - preparedAt,
      finish: now - endedAt,
      total: now - startedAt,
    },
  }
}

/** The result of a run that was told to end before it began. */
export function nothingYet(startedAt: number, stop: Stop): TurnResult {
  const total = Date.now() - startedAt
  return {
    outcome: stop.reason ?? 'cancelled',
    text: '',
    costUsd: 0,
    usage: { inputTokens: 0, outputTokens: 0 },
    exitCode: undefined,
    transcript: [],
    artifacts: [],
    machineId: '',
    workspaceId: '',
    sessionId: '',
    durations: { prepare: total, agent: 0, finish: 0, total },
  }
}

/** Of a turn that was cut off, what was said last. */
function lastWords(transcript: readonly Envelope[]): string {
  const last = transcript.findLast(({ event }) => event.type === 'agent_message')?.event
  return last?.type === 'agent_message' ? textOf(last.content) : ''
}

/** A prompt whose first turn was lost has more than one. */
function costOf(transcript: readonly Envelope[]): number {
  return transcript.reduce((sum, { event }) => sum + (event.type === 'turn_ended' ? (event.costDelta ?? 0) : 0), 0)
}
