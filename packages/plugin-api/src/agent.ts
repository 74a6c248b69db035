import type { AgentEvent, ContentBlock, McpServer, PermissionMode, ProcessExit, ProcessSpec } from '@skein/protocol'

/**
 * An agent is two pure functions between Skein's words and the agent's lines: `encode` and `decode`. They do no I/O, take no
 * clock and no randomness, so that live and replay are the same fold. State is plain JSON and small (it is stored with every
 * durable event): open tool calls and messages, not their history.
 */
export interface AgentPlugin<State = unknown> {
  readonly kind: string
  readonly name: string
  readonly capabilities: AgentCapabilities
  /** How to start (or resume) the agent. */
  launch(options: LaunchOptions): AgentLaunch
  /** The state before the first line of an epoch; `previous` is that of the epoch before, for running totals. */
  start(epoch: number, previous: State | undefined): State
  /** One line of the agent's stdout. Never throws: a line that it does not know becomes a `raw` event. */
  decode(state: State, line: string): { state: State; events: DecodedEvent[] }
  /** The process has ended. Says whether it can be started again, and how. Events close what was open (tool calls, messages). */
  exit(state: State, exit: ProcessExit): { state: State; events: DecodedEvent[]; recovery: Recovery }
  /** A command as lines for the agent's stdin. Repeating a line with the same ids must be harmless. */
  encode(state: State, command: AgentCommand): EncodedInput
  /** What the state says of the moment. */
  inspect(state: State): AgentMoment
  /** What is missing before this agent can run on a machine. Runs commands there through `exec`. */
  probe(exec: ProbeExec): Promise<AgentProbe>
  /**
   * Where it keeps a conversation on a machine, for a workspace that moves to another: files and folders of these names (missing
   * ones are left out) in `folder` (absolute). Absent: what was said cannot go along.
   */
  conversation?(place: ConversationPlace): { folder: string; names: string[] }
}

/** A session on one machine. */
export interface ConversationPlace {
  /** The home folder there. */
  home: string
  /** What the agent is given there, without secrets. */
  env: Record<string, string>
  cwd: string
  nativeSessionId: string
}

export interface AgentCapabilities {
  resume: boolean
  fork: boolean
  plans: boolean
  questions: boolean
  images: boolean
  sandbox: boolean
  modes: { id: PermissionMode; name: string; description: string }[]
  efforts: string[]
}

export interface LaunchOptions {
  /** The agent's own id of the conversation; ours to choose. */
  nativeSessionId: string
  start: { how: 'new' } | { how: 'resume' } | { how: 'fork'; from: string; atMessage?: string | undefined }
  cwd: string
  additionalFolders: string[]
  permissionMode: PermissionMode
  model?: string | undefined
  effort?: string | undefined
  maxTurns?: number | undefined
  /** US dollars, over the session. */
  maxCost?: number | undefined
  allowedTools: string[]
  disallowedTools: string[]
  appendSystemPrompt?: string | undefined
  jsonSchema?: unknown
  /** By name; they may hold credentials, so they leave by `files`. */
  mcpServers?: Readonly<Record<string, McpServer>> | undefined
  /** Whether configuration that the repository ships (hooks, MCP servers, settings) may be read. */
  trusted: boolean
  /** Can the machine run the agent's sandbox? */
  sandboxAvailable: boolean
  /** The machine itself keeps the agent in (container, VM): skipping permissions is allowed. */
  isolatedMachine: boolean
  root: boolean
  /** Variables of the allow-list, no secrets. */
  env: Record<string, string>
  /** By variable name, e.g. ANTHROPIC_API_KEY. Must leave by `secretFds` or `files`, never by `env` or argv. */
  secrets: Record<string, string>
  /** The agent's executable on that machine. */
  executable: string
  /** Folders that tools must not read: Skein's own state. */
  denyRead: string[]
}

/** The part of a process spec that an agent decides. */
export type AgentLaunch = Pick<
  ProcessSpec,
  'argv' | 'env' | 'files' | 'secretFds' | 'syncOn' | 'activity' | 'interruptLine'
> & {
  /** Lines for stdin right after the start, e.g. an initialise request. */
  greeting: { key: string; line: string }[]
}

export type AgentCommand =
  | { type: 'prompt'; messageId: string; content: ContentBlock[] }
  | { type: 'interrupt'; id: string }
  | {
      type: 'answer_permission'
      id: string
      requestId: string
      input: unknown
      answer: PermissionAnswer
      options: readonly { optionId: string; kind: string; suggestion?: unknown }[]
    }
  | { type: 'answer_questions'; id: string; requestId: string; input: unknown; answer: ElicitationAnswer }
  /** null: the agent's own choice; so for the effort. */
  | { type: 'set_model'; id: string; model: string | null }
  | { type: 'set_mode'; id: string; mode: PermissionMode }
  | { type: 'set_effort'; id: string; effort: string | null }
  | { type: 'stop_task'; id: string; agentId: string }
  /** Asks for how full the context window is; the answer comes as a `usage_update`. */
  | { type: 'get_context_usage'; id: string }

export type PermissionAnswer =
  | {
      outcome: 'allow'
      optionId?: string | undefined
      updatedInput?: unknown
      plan?: string | undefined
      nextMode?: PermissionMode | undefined
    }
  | { outcome: 'deny'; feedback?: string | undefined; interrupt?: boolean | undefined }

export type ElicitationAnswer =
  | { outcome: 'answered'; answers: Record<string, string>; annotations?: Record<string, unknown> | undefined }
  | { outcome: 'declined'; feedback?: string | undefined }

/** Lines in order. Images are in `content` as base64 by now. `needsRestart`: the agent can do this only by being started anew. */
export interface EncodedInput {
  lines: { key: string; line: string }[]
  needsRestart?: boolean
}

/** An event, with what the envelope needs to know of its place. */
export interface DecodedEvent {
  event: AgentEvent
  agentId?: string
  parentToolCallId?: string
}

export type Recovery =
  /** It ended as it was asked to, or has nothing open. */
  | { how: 'none' }
  /** Start again with `how: 'resume'`. */
  | { how: 'resume' }
  /** The agent knows no such conversation: start with `how: 'new'` under the same id and send the prompt again. */
  | { how: 'new' }
  /** Starting again would fail in the same way. */
  | {
      how: 'give_up'
      error: { code: 'auth' | 'billing' | 'startup' | 'process' | 'unknown'; message: string; next?: string }
    }

export interface AgentMoment {
  /** The agent has said that it is there and takes prompts. */
  ready: boolean
  /** A turn is open. */
  busy: boolean
  /** Message ids that the agent has confirmed to have. */
  received: string[]
  /** Sub-agents and background tasks still running; an idle process with some must not be stopped. */
  background: number
  /** Requests that wait for an answer. */
  openRequests: string[]
}

export type ProbeExec = (
  argv: string[],
  options?: { timeoutMs?: number },
) => Promise<{ code: number | null; stdout: string; stderr: string }>

export interface AgentProbe {
  found: boolean
  executable?: string
  version?: string
  sandboxAvailable: boolean
  problems: { what: string; remedy: string; severity: 'error' | 'warning' }[]
}
