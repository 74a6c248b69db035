import type { AgentError, PermissionOption } from '@skein/plugin-api'

/**
 * What the fold of a Claude Code journal remembers between two lines. Plain JSON and small: what is open, never what is done.
 * Lists, not records keyed by what comes from outside.
 */
export interface ClaudeState {
  epoch: number
  /** Claude Code has answered `initialize` or begun a turn. */
  ready: boolean
  cwd: string | undefined
  /** The model of the main conversation. */
  model: string | undefined
  /** As last reported, in our words. */
  mode: string | undefined
  nativeMode: string | undefined
  sandbox: 'unavailable' | 'off' | 'on'
  /** Permissions may be skipped: the machine is isolated. */
  mayBypass: boolean
  turn: OpenTurn | undefined
  /** A background task has ended since the last turn began: the next turn without a message is its doing. */
  taskEnded: boolean
  messages: KnownMessage[]
  asks: OpenAsk[]
  tools: OpenTool[]
  streams: OpenStream[]
  tasks: RunningTask[]
  taskList: TaskListEntry[]
  compaction: { count: number; phase: 'none' | 'running' | 'ended' }
  context: { used: number | undefined; size: number | undefined }
  /** US dollars, of all turns that have ended. */
  cost: number
  /** The total that Claude Code reported last. */
  reportedCost: number
  /** Unix milliseconds; when the limit that was last hit is lifted. */
  limitResetsAt: number | undefined
  /** Fingerprints of what was last told, so that it is told again only when it has changed. */
  told: { info: number; commands: number }
  /** Descriptions of commands, from the answer to `initialize` to the first turn. */
  commands: { name: string; description?: string; hint?: string }[] | undefined
  /** The final messages of this turn by Claude Code's id of the line, for those that a later one supersedes. */
  lines: { uuid: string; messageId: string }[]
  /** The last line of the main conversation that the model said: where a fork can begin. */
  saidAt: string | undefined
  startupFailure: { reason: string | undefined; message: string } | undefined
}

export interface OpenTurn {
  messageIds: string[]
  interrupted: boolean
  error: AgentError | undefined
}

export interface KnownMessage {
  id: string
  state: 'sent' | 'started' | 'completed' | 'cancelled'
}

export interface OpenAsk {
  requestId: string
  kind: 'permission' | 'plan' | 'questions' | 'form'
  toolCallId: string | undefined
  options: PermissionOption[]
  /** Of a plan under review. */
  plan: string | undefined
  path: string | undefined
}

export interface OpenTool {
  id: string
  name: string
  agentId: string | undefined
  parentToolCallId: string | undefined
  /** Only of tools whose result says less than their input: the task list's and the plan's. */
  input: Readonly<Record<string, unknown>> | undefined
}

/** A message that the model is writing, of the main conversation or of the sub-agent that a tool call started. */
export interface OpenStream {
  parentToolCallId: string | undefined
  messageId: string
  /** The index of the next block that has not been seen to begin. */
  next: number
  blocks: OpenBlock[]
}

export interface OpenBlock {
  index: number
  type: string
  toolCallId: string | undefined
  name: string | undefined
  /** UTF-16 code units that have been given out as chunks. */
  at: number
}

export interface RunningTask {
  id: string
  kind: 'subagent' | 'shell' | 'monitor' | 'workflow'
  title: string
  toolCallId: string | undefined
  background: boolean
}

export interface TaskListEntry {
  id: string
  content: string
  status: 'pending' | 'in_progress' | 'completed'
}

const EMPTY: ClaudeState = {
  epoch: 0,
  ready: false,
  cwd: undefined,
  model: undefined,
  mode: undefined,
  nativeMode: undefined,
  sandbox: 'unavailable',
  mayBypass: false,
  turn: undefined,
  taskEnded: false,
  messages: [],
  asks: [],
  tools: [],
  streams: [],
  tasks: [],
  taskList: [],
  compaction: { count: 0, phase: 'none' },
  context: { used: undefined, size: undefined },
  cost: 0,
  reportedCost: 0,
  limitResetsAt: undefined,
  told: { info: 0, commands: 0 },
  commands: undefined,
  lines: [],
  saidAt: undefined,
  startupFailure: undefined,
}

/** Before the first line of an epoch: nothing is open, and what holds for the whole conversation is kept. */
export function start(epoch: number, previous: ClaudeState | undefined): ClaudeState {
  if (!previous) return { ...EMPTY, epoch }
  const { cwd, model, mode, messages, taskList, compaction, context, cost, reportedCost, limitResetsAt, told } =
    previous
  const kept = { cwd, model, mode, messages, taskList, compaction, context, cost, reportedCost, limitResetsAt, told }
  return { ...EMPTY, ...kept, epoch }
}

/** A copy that may be changed without the original's knowing. Entries of lists are replaced, never changed in place. */
export function copy(state: ClaudeState): ClaudeState {
  return {
    ...state,
    messages: [...state.messages],
    asks: [...state.asks],
    tools: [...state.tools],
    streams: [...state.streams],
    tasks: [...state.tasks],
    taskList: [...state.taskList],
    told: { ...state.told },
    lines: [...state.lines],
  }
}

/** FNV-1a: says cheaply whether something long is what it was. */
export function fingerprint(value: unknown): number {
  let hash = 0x811c9dc5
  for (const character of JSON.stringify(value) ?? '') hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return hash >>> 0
}
