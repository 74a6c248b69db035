import { type ErrorCode, SkeinError } from '@skein/protocol'
import type { RunProblem } from '../run/result.ts'

/**
 * What kind of failure ended an attempt. `rate_limit`: too much at once; `usage_limit`: an allowance is used up until a known
 * time; `machine`: the machine or the agent's process was lost; `setup`: the workspace could not be made; `limit`: the request's
 * own limit of cost, steps or context.
 */
export type FailureClass =
  | 'rate_limit'
  | 'usage_limit'
  | 'overloaded'
  | 'network'
  | 'machine'
  | 'setup'
  | 'auth'
  | 'billing'
  | 'invalid'
  | 'model'
  | 'refusal'
  | 'limit'
  | 'timeout'
  | 'disk_full'
  | 'ask'
  | 'internal'
  | 'unknown'

/** Why a request did not succeed. */
export interface BatchFailure {
  class: FailureClass
  /** The agent's or Skein's own code for it. */
  code: string
  message: string
  /** What a person can do about it. */
  next?: string
  /** When a used-up allowance is there again, Unix milliseconds. */
  resetsAt?: number
}

/** The classes that another attempt can help. Who is not let in, cannot pay or asks for nonsense is never tried again. */
export type RetryableClass =
  | 'rate_limit'
  | 'overloaded'
  | 'network'
  | 'machine'
  | 'setup'
  | 'timeout'
  | 'internal'
  | 'unknown'

/** How often a request is begun at most, by what made it fail; waiting for a usage limit's reset does not count. */
export type RetryPolicy = Readonly<Record<RetryableClass, number>>

export const DEFAULT_RETRIES: RetryPolicy = {
  rate_limit: 8,
  overloaded: 8,
  network: 4,
  machine: 3,
  setup: 1,
  timeout: 1,
  internal: 2,
  unknown: 1,
}

const LONG_WAIT_MS = 60_000
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 5 * 60_000

/** Whether a failed attempt is followed by another one. */
export function isRetried(failure: BatchFailure, attempts: number, policy: RetryPolicy): boolean {
  return failure.class in policy && attempts < policy[failure.class as RetryableClass]
}

/** How long to wait before the next attempt, milliseconds: longer each time, and not the same for all. `random` is below 1. */
export function pauseBefore(attempt: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.5 + random / 2)
}

const BY_RUN_CODE: Record<Exclude<RunProblem['code'], ErrorCode>, FailureClass> = {
  auth: 'auth',
  billing: 'billing',
  rate_limit: 'rate_limit',
  usage_limit: 'rate_limit',
  overloaded: 'overloaded',
  invalid_request: 'invalid',
  model: 'model',
  network: 'network',
  startup: 'setup',
  process: 'machine',
  process_lost: 'machine',
  refusal: 'refusal',
  max_tokens: 'limit',
  max_turns: 'limit',
  budget: 'limit',
  context_full: 'limit',
  hook: 'limit',
  unknown: 'unknown',
}

/** What a run's problem is to a batch. */
export function failureOfRun({ code, message, next, resetsAt }: RunProblem, now: number): BatchFailure {
  const known = code === 'timed_out' ? 'timeout' : { ...BY_SKEIN_CODE, ...BY_RUN_CODE }[code]
  const longWait = resetsAt !== undefined && resetsAt > now + LONG_WAIT_MS
  return {
    class: known === 'rate_limit' && longWait ? 'usage_limit' : known,
    code,
    message,
    ...(next === undefined ? {} : { next }),
    ...(resetsAt === undefined ? {} : { resetsAt }),
  }
}

const BY_SKEIN_CODE: Record<ErrorCode, FailureClass> = {
  invalid: 'invalid',
  not_found: 'invalid',
  conflict: 'invalid',
  needs_confirmation: 'invalid',
  unauthorized: 'auth',
  missing: 'invalid',
  unavailable: 'machine',
  disk_full: 'disk_full',
  cancelled: 'internal',
  timed_out: 'machine',
  internal: 'internal',
}

/** What an error of Skein's is to a batch. */
export function failureOfError(thrown: unknown, doing: string): BatchFailure {
  const error = SkeinError.from(thrown, doing)
  const step = error.details?.step
  const inMaking = step === undefined ? undefined : step === 'machine' ? 'machine' : 'setup'
  return {
    class: inMaking ?? BY_SKEIN_CODE[error.code],
    code: error.code,
    message: error.message,
    ...(error.next === undefined ? {} : { next: error.next }),
  }
}
