import type { Check, CheckRun, Session, StatusReport, Workspace, WorkspaceStep } from '@skein/protocol'

/** What a status is concluded from. */
export interface StatusFacts {
  state: Workspace['state']
  steps: WorkspaceStep[]
  sessions: Session[]
  asks: { id: string; title: string; kind: string; created_at: number }[]
  problem: { message: string } | undefined
  changedFiles: number | undefined
  checks: Pick<Check, 'name' | 'last'>[]
  /** The machine that it is on its way to. */
  movingTo?: string | undefined
  /** Set while the machine is out of reach: nobody can know what happens there now. */
  outOfReach?: { machine: string; because: string; since: number } | undefined
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
      `${facts.movingTo === undefined ? 'being made' : `moving to ${facts.movingTo}`}: ${step?.name ?? 'begins'}`,
      step ? [{ what: `step ${step.name}`, ...at(step.startedAt) }] : [],
    )
  }
  if (facts.state === 'removing') return report('working', 'being removed', [])
  if (facts.state === 'removed') return report('idle', 'removed', [])
  const concluded = withChecks(ofSessions(facts), facts)
  return facts.outOfReach && LIVE.has(concluded.status) ? reconnecting(concluded, facts.outOfReach) : concluded
}

const LIVE: ReadonlySet<StatusReport['status']> = new Set(['working', 'checking'])

/** What was known last is not what is. */
function reconnecting(
  concluded: StatusReport,
  { machine, because, since }: NonNullable<StatusFacts['outOfReach']>,
): StatusReport {
  return {
    status: 'unknown',
    because: `reconnecting to ${machine}; when it was last heard of, ${concluded.because}`,
    evidence: [{ what: because, at: since }, ...concluded.evidence],
  }
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
    return report(
      'failed',
      error?.message ?? `the last turn ended with ${stopReason.replaceAll('_', ' ')}`,
      evidence,
      endedAt,
    )
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

/** Checks say how the present state is, as long as nobody works on it. A run from before the last turn says nothing of it. */
function withChecks(concluded: StatusReport, { sessions, checks }: StatusFacts): StatusReport {
  if (concluded.status === 'working') return concluded
  const runs = checks.flatMap(({ name, last }) => (last ? [{ ...last, name }] : []))
  const running = runs.filter(({ state }) => state === 'running')
  const evidence = runs.map((run) => ({ what: CHECKED[run.state](run), at: run.endedAt ?? run.startedAt, ref: run.id }))
  if (running.length > 0 && concluded.status !== 'failed')
    return report(
      'checking',
      running.length === 1 ? `the check ${running[0]?.name} runs` : `${running.length} checks run`,
      [...evidence.filter(({ ref }) => running.some(({ id }) => id === ref)), ...concluded.evidence],
    )
  const newest = Math.max(0, ...sessions.map(({ lastTurn }) => lastTurn?.endedAt ?? 0))
  const telling = runs.filter(({ state, startedAt }) => startedAt >= newest && state !== 'cancelled')
  if (telling.length === 0) return concluded
  const failed = telling.filter(({ state }) => state !== 'passed').map(({ name }) => name)
  const because =
    failed.length > 0
      ? `${concluded.because}; ${failed.length === 1 ? 'the check' : 'the checks'} ${failed.join(', ')} failed`
      : `${concluded.because}; ${telling.length === 1 ? 'its check passed' : `its ${telling.length} checks passed`}`
  const told = evidence.filter(({ ref }) => telling.some(({ id }) => id === ref))
  return { ...concluded, because, evidence: [...told, ...concluded.evidence] }
}

const CHECKED: Record<CheckRun['state'], (run: CheckRun) => string> = {
  running: ({ name }) => `check ${name} runs`,
  passed: ({ name }) => `check ${name} passed`,
  failed: ({ name, note }) => `check ${name} failed${note === undefined ? '' : `: ${note}`}`,
  cancelled: ({ name }) => `check ${name} was cancelled`,
  error: ({ name, note }) => `check ${name} could not be run${note === undefined ? '' : `: ${note}`}`,
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
