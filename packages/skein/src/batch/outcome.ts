import type { Artifact } from '../run/result.ts'
import type { BatchFailure } from './failure.ts'

/**
 * How a request ended. `unknown`: nobody can say, e.g. because its machine is out of reach; never taken for a success and never
 * run again by itself. `not_started`: the batch ended before it; resuming the batch runs it.
 */
export type RequestStatus = 'succeeded' | 'failed' | 'unknown' | 'cancelled' | 'timed_out' | 'not_started'

/** What is left of a request: its workspace, only its branch, or nothing (restorable for 30 days). */
export type Leftover = 'workspace' | 'branch' | 'nothing'

/** One request's end. Times are Unix milliseconds. */
export interface RequestOutcome {
  index: number
  id: string
  tag?: string
  status: RequestStatus
  /** The agent's final text. */
  text: string
  /** The agent's structured output, where a schema was given. */
  structured?: unknown
  /** Why it did not succeed. */
  error?: BatchFailure
  /** How often it was begun. */
  attempts: number
  /** US dollars over all attempts. */
  costUsd: number
  inputTokens: number
  outputTokens: number
  startedAt?: number
  endedAt?: number
  workspaceId?: string
  /** The workspace's name, for `skein show`, `diff` and `apply`. */
  workspace?: string
  branch?: string
  sessionId?: string
  /** Paths that it changed, and how many lines. */
  files: ChangedFile[]
  /** What the request asked to be brought back. */
  artifacts: readonly Artifact[]
  left?: Leftover
}

export interface ChangedFile {
  path: string
  status: string
  added: number
  deleted: number
}

/** The end of a batch: every request's outcome in the order of the requests, and the sums. */
export interface BatchReport {
  batchId: string
  outcomes: RequestOutcome[]
  counts: Record<RequestStatus, number>
  /** US dollars over everything. */
  costUsd: number
  /** From the first start to the last end, over all runs of the batch, milliseconds. */
  durationMs: number
  /** Why not everything was started. */
  stopped?: BatchStop
  /** Every request succeeded. */
  ok: boolean
}

/** Why a batch ends before all of it was started. */
export interface BatchStop {
  because: 'budget' | 'cancelled' | 'auth' | 'billing'
  message: string
}

const NONE: Record<RequestStatus, number> = {
  succeeded: 0,
  failed: 0,
  unknown: 0,
  cancelled: 0,
  timed_out: 0,
  not_started: 0,
}

/** Sums a batch up. */
export function reportOf(batchId: string, outcomes: RequestOutcome[], stopped?: BatchStop): BatchReport {
  const counts = { ...NONE }
  for (const { status } of outcomes) counts[status]++
  const started = outcomes.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]))
  const ended = outcomes.flatMap(({ endedAt }) => (endedAt === undefined ? [] : [endedAt]))
  return {
    batchId,
    outcomes,
    counts,
    costUsd: outcomes.reduce((sum, { costUsd }) => sum + costUsd, 0),
    durationMs: started.length === 0 || ended.length === 0 ? 0 : Math.max(0, max(ended) - min(started)),
    ...(stopped ? { stopped } : {}),
    ok: counts.succeeded === outcomes.length,
  }
}

const max = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
const min = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
