import type { LibraryTables } from './schema-library.ts'
import type { PoolTables } from './schema-pools.ts'
import type { WebTables } from './schema-web.ts'
import type { WorkTables } from './schema-work.ts'

/** JSON text. Columns named `*_sealed` hold ciphertext of the vault; nothing secret stands in any other column. */
type Json = string
type Millis = number
/** 0 or 1. */
type Flag = number

export interface Store extends LibraryTables, PoolTables, WebTables, WorkTables {
  projects: {
    id: string
    name: string
    path: string
    common_dir: string
    added_at: Millis
    trusted_hash: string | null
    demo: Flag
    /** A project that was removed comes back when its repository is opened. */
    removed_at: Millis | null
  }
  /** Commands that were carried out, by the caller's key. */
  commands: { key: string; method: string; params_hash: string; result: Json; at: Millis }
  machines: {
    /** What `--on` takes; of one that was made for a workspace, `kind:<workspace id>`. */
    id: string
    kind: string
    /** The provider's `MachineRecord`; JSON null until it was made. */
    record: Json
    created_at: Millis
    /** What the provider is told. */
    name: string
    settings: Json
    /**
     * `template`: settings for machines to be made. `wanted`: about to be made; it may or may not exist. `known`: there. `stopped`: by a
     * person, until it is started again. `resting`: stopped, or about to be, because nothing goes on there; started by whatever needs it.
     * `ending`: to be destroyed, tried until it is known to be gone. `gone`: could be made again.
     */
    state: 'template' | 'wanted' | 'known' | 'stopped' | 'resting' | 'ending' | 'gone'
    problem: string | null
    /** The settings (`state: 'template'`, if they are still there) that it is made with. */
    template: string | null
    /** Its provider was asked to make it. */
    begun: Flag
    /** It waits in a pool, for a workspace of this project. */
    pool_project: string | null
    /** What the provider says that it was made of; another one would be made of something else. */
    made_of: string | null
    /** Since when it can be handed out. */
    ready_at: Millis | null
  }
  workspaces: WorkspaceTable
  steps: {
    workspace_id: string
    name: string
    position: number
    state: string
    started_at: Millis | null
    ended_at: Millis | null
    note: string | null
  }
  sessions: SessionTable
  /** The durable queue of prompts. */
  prompts: PromptTable
  events: {
    session_id: string
    seq: number
    at: Millis
    type: string
    /** Where in the journal it came from; null for the engine's own. */
    epoch: number | null
    offset: number | null
    n: number | null
    envelope: Json
  }
  asks: AskTable
}

export interface WorkspaceTable {
  id: string
  project_id: string
  name: string
  branch: string
  base_ref: string
  /** null until it was resolved. */
  base: string | null
  machine_id: string
  path: string
  created_at: Millis
  state: 'creating' | 'ready' | 'failed' | 'removing' | 'removed'
  port: number | null
  /** The snapshot that its files come from, for forks. */
  from_ref: string | null
  existing_branch: Flag
  /** The machine came with a checkout of its own, which is the workspace's folder. */
  in_place: Flag
  /** A move to another machine: `Move`. */
  moving: Json | null
  problem: Json | null
  diff: Json | null
  /** How it is being removed: `RemovePlan`. */
  removal: Json | null
  removed_at: Millis | null
  snapshot_ref: string | null
  pinned: Flag
  archived: Flag
  /** It goes when nothing happened in it for so long; null: it stays. */
  ttl_ms: number | null
  /** The last command that worked in it. */
  worked_at: Millis | null
}

export interface SessionTable {
  id: string
  workspace_id: string
  agent: string
  native_id: string
  title: string | null
  created_at: Millis
  /** `StoredOptions`, without the environment. */
  options: Json
  env: Json
  secrets_sealed: string | null
  /** Servers of the Model Context Protocol that it was given. */
  mcp_sealed: string | null
  /** How the first process starts: `{how:'new'}` or `{how:'fork', from}`. */
  origin: Json
  /** The agent has kept the conversation, so it can be resumed. */
  has_conversation: Flag
  /** The last process that was asked for; 0: none yet. */
  epoch: number
  process_state: 'none' | 'starting' | 'running' | 'stopping' | 'exited'
  process_started_at: Millis | null
  pid: number | null
  /** The fold of the journal up to the cursor. Sealed when it holds a secret. */
  fold: Json
  cursor_epoch: number
  cursor_offset: number
  seq: number
  /** Times the process was started again since a person last prompted. */
  recoveries: number
  interrupt_at: Millis | null
  active_at: Millis
  problem: Json | null
  /** Up to which event a person has seen it. */
  seen_seq: number
}

export interface PromptTable {
  id: string
  session_id: string
  position: number
  /** Sealed when it holds a secret. */
  content: Json
  origin: string
  /** `swallowed`: the agent took a repeated hand-over for done. */
  state: 'queued' | 'sent' | 'started' | 'completed' | 'cancelled' | 'failed' | 'swallowed'
  /** The process it was handed to. */
  epoch: number | null
  attempts: number
  created_at: Millis
}

export interface AskTable {
  id: string
  session_id: string
  workspace_id: string
  request_id: string
  epoch: number
  kind: 'permission' | 'question' | 'plan'
  title: string
  tool_name: string | null
  reason: string | null
  /** What was shown. */
  input: Json
  input_hash: string
  /** What the agent really asked, when that holds a secret. */
  input_sealed: string | null
  options: Json
  questions: Json | null
  plan_id: string | null
  plan: string | null
  default_to_no: Flag
  state: 'open' | 'answered' | 'cancelled' | 'expired'
  created_at: Millis
  answered_at: Millis | null
  answer: Json | null
  answered_by: string | null
  /** The command that answered it. */
  answer_key: string | null
  delivered: Flag
}
