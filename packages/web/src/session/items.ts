import type { AgentError, AgentEventOf, ContentBlock, Origin, StopReason, ToolContent } from '@skein/protocol'

/** What a transcript shows, one after the other. An item that changes becomes another object; all others stay the same. */
export type Item =
  | PromptItem
  | MessageItem
  | ThoughtItem
  | ToolItem
  | AskItem
  | TasksItem
  | PlanItem
  | AgentItem
  | NoticeItem
  | CompactionItem
  | ProcessItem
  | WakeItem
  | TurnEndItem
  | RawItem

interface Base {
  /** The same for all of the item's life. */
  key: string
  /** Of the event that brought it here. */
  seq: number
  at: number
  turnId?: string | undefined
}

export interface PromptItem extends Base {
  type: 'prompt'
  messageId: string
  content: readonly ContentBlock[]
  origin: Origin
  /** Of the event that queued it. */
  queuedSeq: number
}

export interface MessageItem extends Base {
  type: 'message'
  text: string
  content: readonly ContentBlock[]
  /** More of it is coming. */
  streaming: boolean
  model?: string | undefined
  aborted?: boolean | undefined
}

export interface ThoughtItem extends Base {
  type: 'thought'
  text: string
  streaming: boolean
}

export interface ToolItem extends Base {
  type: 'tool'
  toolCallId: string
  name: string
  title: string
  kind: AgentEventOf<'tool_call'>['kind']
  /** `unfinished`: the turn or the process ended before it did. */
  status: AgentEventOf<'tool_call'>['status'] | 'unfinished'
  locations: readonly { path: string; line?: number | undefined }[]
  content: readonly ToolContent[]
  rawInput?: unknown
  rawOutput?: unknown
  denied?: AgentEventOf<'tool_call_update'>['denied']
  /** The arguments, while the model writes them. */
  typing?: string | undefined
  elapsedMs?: number | undefined
  /** The sub-agent or background task that it started. */
  agent?: Delegate | undefined
  /** What that sub-agent did. */
  children: readonly Item[]
}

export type Delegate = Omit<AgentEventOf<'subagent_update'>, 'type' | 'toolCallId'>

export interface AgentItem extends Base {
  type: 'agent'
  agent: Delegate
}

export interface AskItem extends Base {
  type: 'ask'
  requestId: string
  askId?: string | undefined
  kind: 'permission' | 'question' | 'plan'
  title: string
  toolName?: string | undefined
  /** The call that asks, where asking is all that it does. */
  toolCallId?: string | undefined
  outcome?:
    | { outcome: AgentEventOf<'permission_resolved'>['outcome']; by: string; optionId?: string; feedback?: string }
    | undefined
}

export interface TasksItem extends Base {
  type: 'tasks'
  entries: AgentEventOf<'plan'>['entries']
}

export interface PlanItem extends Base {
  type: 'plan'
  planId: string
  markdown: string
  state: AgentEventOf<'plan_update'>['state']
  edited?: boolean | undefined
  feedback?: string | undefined
}

export interface NoticeItem extends Base {
  type: 'notice'
  severity: 'info' | 'warning' | 'error'
  title: string
  detail?: string | undefined
  retry?: AgentEventOf<'notice'>['retry']
}

export interface CompactionItem extends Base {
  type: 'compaction'
  status: AgentEventOf<'compaction_update'>['status']
  preTokens?: number | undefined
  postTokens?: number | undefined
}

export interface ProcessItem extends Base {
  type: 'process'
  state: 'exited' | 'lost'
  exitCode?: number | null | undefined
  signal?: string | undefined
  stderrTail?: string | undefined
  reason?: string | undefined
}

/** A turn that nobody prompted: a background task ended, a schedule came due. */
export interface WakeItem extends Base {
  type: 'wake'
  origin: Origin
}

export interface TurnEndItem extends Base {
  type: 'turn_end'
  stopReason: StopReason
  detail?: string | undefined
  error?: AgentError | undefined
  durationMs?: number | undefined
  cost?: number | undefined
  denials?: readonly string[] | undefined
  /** A fork can begin here. */
  forkable: boolean
}

export interface RawItem extends Base {
  type: 'raw'
  line: unknown
  format: string
}

/** What is known of a session beside its items. */
export interface SessionFacts {
  commands?: AgentEventOf<'available_commands_update'>['commands']
  models?: NonNullable<AgentEventOf<'session_info_update'>['models']>
  mode?: string
  usage?: { used?: number; size?: number; cost?: number }
  rateLimit?: Omit<AgentEventOf<'rate_limit'>, 'type'>
  /** A turn runs. */
  working: boolean
  workingSince?: number
  /** It waits for an answer. */
  waiting?: boolean
}
