/** JSON text. */
type Json = string
type Millis = number
/** 0 or 1. */
type Flag = number

/** What runs in a workspace beside its agents. */
export interface WorkTables {
  checks: CheckTable
  check_runs: CheckRunTable
  services: ServiceTable
  terminals: TerminalTable
  /** Up to which turn of a session it was considered what has to run after it. */
  considered_turns: { session_id: string; turn_id: string; tree: string | null }
}

/** A check as the repository's files named it last, and what a person set for this workspace. */
export interface CheckTable {
  workspace_id: string
  name: string
  /** null: it is not named any more. */
  position: number | null
  run: string
  after_turn: Flag
  fix_rounds: number
  own_after_turn: Flag | null
  own_fix_rounds: number | null
  /** Failures that were sent to the agent by themselves, in a row. */
  rounds: number
  /** When the last of them was. */
  fixed_at: Millis | null
  last_run: string | null
}

export interface CheckRunTable {
  id: string
  workspace_id: string
  name: string
  state: 'running' | 'passed' | 'failed' | 'cancelled' | 'error'
  started_at: Millis
  ended_at: Millis | null
  exit_code: number | null
  cause: 'person' | 'turn' | 'fix'
  session_id: string | null
  turn_id: string | null
  round: number
  note: string | null
  /** What is run, as it was trusted: `Script`. */
  script: Json
  timeout_ms: number
  /** Somebody wants its end. */
  cancelled: Flag
  /** Where its output is: in the machine's journal, in a file of ours, or nowhere any more. */
  log: 'journal' | 'file' | 'gone'
  /** The prompt by which it was sent to the agent. */
  fix_session: string | null
  fix_message: string | null
  fix_by: 'person' | 'itself' | null
}

export interface ServiceTable {
  workspace_id: string
  name: string
  /** null: it is not named any more. */
  position: number | null
  run: string
  script: Json
  /** Index among the workspace's ports. */
  port: number | null
  health: string | null
  autostart: Flag
  /** Whether it shall run; null: nobody has said so far. */
  wanted: Flag | null
  state: 'stopped' | 'starting' | 'running' | 'unhealthy' | 'exited' | 'failed'
  because: string
  /** The last start that was asked for; 0: none yet. */
  epoch: number
  pid: number | null
  started_at: Millis | null
  ended_at: Millis | null
  exit_code: number | null
}

export interface TerminalTable {
  id: string
  workspace_id: string
  title: string
  created_at: Millis
  state: 'open' | 'exited'
  exit_code: number | null
}
