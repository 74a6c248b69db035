import type { AgentError, AgentEvent, Envelope, ErrorCode, FileChange } from '@skein/protocol'

/**
 * How a run ended. `succeeded` only when the agent itself said so; `unknown` when nobody can say (the machine or the process was
 * lost): never a success.
 */
export type Outcome = 'succeeded' | 'failed' | 'unknown' | 'cancelled' | 'timed_out'

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** What came back for an artifact that was asked for; `repository` is its folder where there are several. */
export type Artifact =
  | { readonly type: 'changes'; readonly repository?: string; readonly files: readonly FileChange[] }
  | { readonly type: 'patch'; readonly repository?: string; readonly patch: string }
  /** null: no commit and no change. */
  | { readonly type: 'bundle'; readonly repository?: string; readonly bundle: Uint8Array | null }
  /** null: there is no such file. */
  | { readonly type: 'file'; readonly path: string; readonly content: Uint8Array | null }

/** Why a run did not succeed. */
export interface RunProblem {
  /** The agent's own code, Skein's, or what ended the run. */
  readonly code: AgentError['code'] | ErrorCode | StopCode
  readonly message: string
  /** The same again may work. */
  readonly retryable: boolean
  readonly next?: string
  /** Unix milliseconds: when a limit ends. */
  readonly resetsAt?: number
}
export type StopCode =
  | 'max_tokens'
  | 'max_turns'
  | 'refusal'
  | 'budget'
  | 'usage_limit'
  | 'context_full'
  | 'hook'
  | 'process_lost'

/** Milliseconds. */
export interface Durations {
  /** Until the workspace was there. */
  readonly prepare: number
  /** From then until the agent was done. */
  readonly agent: number
  /** Artifacts, and the end of workspace and machine. */
  readonly finish: number
  readonly total: number
}

export interface TurnResult {
  readonly outcome: Outcome
  /** The agent's final words. */
  readonly text: string
  /** Where `outputSchema` was given. */
  readonly structured?: unknown
  /** What this cost, US dollars at list price. */
  readonly costUsd: number
  readonly usage: Usage
  /** Of the agent's process, where it ended by itself or with its machine; undefined where it was ended after its work. */
  readonly exitCode: number | undefined
  /** Every stored event, in order. */
  readonly transcript: readonly Envelope[]
  readonly artifacts: readonly Artifact[]
  readonly machineId: string
  readonly workspaceId: string
  readonly sessionId: string
  readonly error?: RunProblem
  readonly durations: Durations
}

export interface RunResult extends TurnResult {
  /** Workspace and machine are known to be gone (a machine that is there for many stays). */
  readonly destroyed: boolean
  /** Why they are not, where that was tried. */
  readonly cleanupError?: string
}

/** What a stream yields: the agent's events, deltas included, and what Skein does around them. */
export type RunEvent =
  | AgentEvent
  /** The workspace is being made: a step, or a line that it printed. */
  | { readonly type: 'preparing'; readonly step: string; readonly text: string }
  /** All that came of it, before workspace and machine are gone. */
  | { readonly type: 'finished'; readonly result: TurnResult }
  /** The workspace is there. */
  | { readonly type: 'prepared'; readonly machineId: string; readonly workspaceId: string; readonly sessionId: string }
