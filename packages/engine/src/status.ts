import type { Session, StatusReport, Workspace, WorkspaceStep } from '@skein/protocol'

/** What a status is concluded from. */
export interface StatusFacts {
  state: Workspace['state']
  steps: WorkspaceStep[]
  sessions: Session[]
  asks: { id: string; title: string; kind: string; created_at: number }[]
  problem: { message: string } | undefined
  changedFiles: number | undefined
}

type Evidence = StatusReport['evidence'][number]

/**
 * A workspace's status with its reasons, most urgent first: what waits for a person, what failed, what works, what is ready.
 * It is concluded only from what was recorded; where that says nothing, the answer is `unknown`.
 */
export function explain(facts: StatusFacts): StatusReport {
  const [ask] = facts.asks
  if (ask) {
    const more = facts.asks.length > 1 ? ` (and ${facts.asks.length - 1} more)` : ''
    return report(
      'needs_you',
      `${ASKS[ask.kind] ?? 'asks'}: ${ask.title}${more}`,
      facts.asks.map(({ id, title, created_at }) => ({ what: title, at: created_at, ref: id })),
    )
  }
  if (facts.state === 'failed') {
    const step = facts.steps.find(({ state }) => state === 'failed')
    return report(
      'failed',
      facts.problem?.message ?? 'it could not be made',
      step ? [{ what: `step ${step.name} failed`, ...at(step.endedAt) }] : [],
    )
  }
  if (facts.state === 'creating') {
    const step =
      facts.steps.find(({ state }) => state === 'running') ?? facts.steps.find(({ state }) => state === 'pending')
    return report(
      'working',
      `being made: ${step?.name ?? 'begins'}`,
      step ? [{ what: `step ${step.name}`, ...at(step.startedAt) }] : [],
    )
  }
  if (facts.state === 'removing') return report('working', 'being removed', [])
  if (facts.state === 'removed') return report('idle', 'removed', [])
  return ofSessions(facts)
}

function ofSessions({ sessions, changedFiles }: StatusFacts): StatusReport {
  const working = sessions.find(({ state }) => state === 'working' || state === 'starting')
  if (working) {
    const since =
      working.lastTurn && working.lastTurn.endedAt === undefined
        ? working.lastTurn.startedAt
        : working.process?.startedAt
    return report(
      'working',
      working.state === 'starting' ? 'the agent is starting' : 'the agent is at work',
      [turnEvidence(working), processEvidence(working)].filter((e) => e !== undefined),
      since,
    )
  }
  const failed = sessions.find(({ state }) => state === 'failed')
  if (failed)
    return report(
      'failed',
      failed.problem?.message ?? 'the session cannot go on',
      [turnEvidence(failed)].filter((e) => e !== undefined),
    )
  const last = sessions
    .filter(({ lastTurn }) => lastTurn?.endedAt !== undefined)
    .sort((a, b) => (b.lastTurn?.endedAt ?? 0) - (a.lastTurn?.endedAt ?? 0))[0]
  if (!last?.lastTurn) return report('idle', sessions.length === 0 ? 'no session yet' : 'nothing was asked yet', [])
  const { stopReason, error, endedAt } = last.lastTurn
  const evidence = [turnEvidence(last), processEvidence(last)].filter((e) => e !== undefined)
  if (stopReason === undefined) return report('unknown', 'the last turn has no recorded end', evidence)
  if (stopReason === 'cancelled') return report('idle', 'the last turn was interrupted', evidence, endedAt)
  if (stopReason !== 'end_turn')
    return report('failed', error?.message ?? `the last turn ended with ${stopReason}`, evidence, endedAt)
  if (changedFiles === undefined)
    return report('idle', 'the last turn ended well; its changes were not looked at yet', evidence, endedAt)
  if (changedFiles > 0)
    return report(
      'ready_for_review',
      `the last turn ended well, ${changedFiles} ${changedFiles === 1 ? 'file' : 'files'} changed`,
      evidence,
      endedAt,
    )
  return report('idle', 'the last turn ended well and changed nothing', evidence, endedAt)
}

const ASKS: Record<string, string> = {
  permission: 'asks for permission',
  question: 'asks',
  plan: 'has a plan to review',
}

function turnEvidence({ lastTurn }: Session): Evidence | undefined {
  if (!lastTurn) return undefined
  return lastTurn.endedAt === undefined
    ? { what: `turn ${lastTurn.id} began`, at: lastTurn.startedAt, ref: lastTurn.id }
    : { what: `turn ${lastTurn.id} ended: ${lastTurn.stopReason ?? 'unknown'}`, at: lastTurn.endedAt, ref: lastTurn.id }
}

function processEvidence({ process, state }: Session): Evidence | undefined {
  if (process)
    return {
      what: process.pid === undefined ? 'the agent process is being started' : `agent process ${process.pid} runs`,
      at: process.startedAt,
    }
  return state === 'hibernated' ? { what: 'no agent process: it is resumed at the next prompt' } : undefined
}

function report(status: StatusReport['status'], because: string, evidence: Evidence[], since?: number): StatusReport {
  return {
    status,
    because,
    evidence: since === undefined || evidence.length > 0 ? evidence : [{ what: because, at: since }],
  }
}

function at(time: number | undefined): { at?: number } {
  return time === undefined ? {} : { at: time }
}
