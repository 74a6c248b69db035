import * as z from 'zod'
import { ContentBlock } from './content.ts'

/**
 * The events of a session's transcript. Names come from the Agent Client Protocol where it has them
 * (agentclientprotocol.com, schema v1 and its unstable additions); the rest is Skein's.
 *
 * Events are a pure fold of the journal (see `docs/architecture.md`), so an event never holds anything that the journal's
 * line does not, except where `Envelope.src` is absent: those are the engine's own.
 */

export const Origin = z.enum(['user', 'task', 'schedule', 'peer', 'resume', 'command'])
export type Origin = z.infer<typeof Origin>

export const StopReason = z.enum([
  // the protocol's
  'end_turn',
  'max_tokens',
  'max_turn_requests',
  'refusal',
  'cancelled',
  // ours
  'budget',
  'limit',
  'context_full',
  'hook',
  'error',
  'process_lost',
])
export type StopReason = z.infer<typeof StopReason>

export const AgentError = z.object({
  code: z.enum([
    'auth',
    'billing',
    'rate_limit',
    'overloaded',
    'invalid_request',
    'model',
    'network',
    'startup',
    'process',
    'unknown',
  ]),
  message: z.string(),
  retryable: z.boolean(),
  /** Unix milliseconds. */
  resetsAt: z.number().optional(),
})
export type AgentError = z.infer<typeof AgentError>

export const ToolKind = z.enum([
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'agent',
  'other',
])
export type ToolKind = z.infer<typeof ToolKind>

export const ToolStatus = z.enum(['pending', 'in_progress', 'completed', 'failed'])
export type ToolStatus = z.infer<typeof ToolStatus>

/** One hunk of a unified diff; `lines` carry their leading ' ', '+' or '-'. */
export const Hunk = z.object({
  oldStart: z.number().int(),
  oldLines: z.number().int(),
  newStart: z.number().int(),
  newLines: z.number().int(),
  lines: z.array(z.string()),
})
export type Hunk = z.infer<typeof Hunk>

export const ToolContent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('content'), content: ContentBlock }),
  z.object({
    type: z.literal('diff'),
    path: z.string(),
    /** null: the file is new. */
    oldText: z.string().nullable().optional(),
    newText: z.string().optional(),
    hunks: z.array(Hunk).optional(),
  }),
  z.object({ type: z.literal('terminal'), terminalId: z.string() }),
])
export type ToolContent = z.infer<typeof ToolContent>

export const ToolLocation = z.object({ path: z.string(), line: z.number().int().optional() })
export type ToolLocation = z.infer<typeof ToolLocation>

/** What a person can choose when an agent asks for permission. `suggestion` is the agent's own rule to remember, opaque here. */
export const PermissionOption = z.object({
  optionId: z.string(),
  name: z.string(),
  kind: z.enum(['allow_once', 'allow_always', 'reject_once', 'reject_always']),
  suggestion: z.unknown().optional(),
})
export type PermissionOption = z.infer<typeof PermissionOption>

export const Question = z.object({
  question: z.string(),
  header: z.string().optional(),
  options: z.array(z.object({ label: z.string(), description: z.string().optional(), preview: z.string().optional() })),
  multiSelect: z.boolean(),
})
export type Question = z.infer<typeof Question>

/** Tokens of one model, cumulative over the agent process. */
export const Tokens = z.object({
  input: z.number(),
  output: z.number(),
  cacheRead: z.number().optional(),
  cacheWrite: z.number().optional(),
  cost: z.number().optional(),
})
export type Tokens = z.infer<typeof Tokens>

export const Command = z.object({ name: z.string(), description: z.string().optional(), hint: z.string().optional() })
export type Command = z.infer<typeof Command>

export const UserMessageState = z.enum(['queued', 'sent', 'started', 'completed', 'cancelled'])
export type UserMessageState = z.infer<typeof UserMessageState>

const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape })

/** Text of a message that is still being written. Never stored: the whole item follows. */
const chunk = {
  messageId: z.string(),
  /** UTF-16 code units of this message that precede `text`; a client that already has them skips the overlap. */
  at: z.number().int().nonnegative(),
  text: z.string(),
}

export const AgentEvent = z.discriminatedUnion('type', [
  // content
  /** The same message again, with another text: a prompt that waited was edited. The later one stands for the earlier. */
  event('user_message', {
    messageId: z.string(),
    content: z.array(ContentBlock),
    state: UserMessageState,
    origin: Origin,
  }),
  event('user_message_update', { messageId: z.string(), state: UserMessageState }),
  event('agent_message_chunk', chunk),
  event('agent_thought_chunk', chunk),
  /** Arguments of a tool call while the model writes them. */
  event('tool_call_chunk', {
    toolCallId: z.string(),
    name: z.string(),
    at: z.number().int().nonnegative(),
    text: z.string(),
  }),
  event('agent_message', {
    messageId: z.string(),
    content: z.array(ContentBlock),
    model: z.string().optional(),
    aborted: z.literal(true).optional(),
    supersedes: z.array(z.string()).optional(),
  }),
  event('agent_thought', { messageId: z.string(), content: z.array(ContentBlock), model: z.string().optional() }),

  // tools
  event('tool_call', {
    toolCallId: z.string(),
    name: z.string(),
    title: z.string(),
    kind: ToolKind,
    status: ToolStatus,
    locations: z.array(ToolLocation).optional(),
    content: z.array(ToolContent).optional(),
    rawInput: z.unknown().optional(),
  }),
  event('tool_call_update', {
    toolCallId: z.string(),
    status: ToolStatus.optional(),
    title: z.string().optional(),
    content: z.array(ToolContent).optional(),
    locations: z.array(ToolLocation).optional(),
    rawInput: z.unknown().optional(),
    rawOutput: z.unknown().optional(),
    denied: z.object({ reason: z.string().optional(), by: z.enum(['user', 'rule', 'classifier', 'hook']) }).optional(),
  }),
  /** A tool is still at work; `elapsedMs` since it began. Never stored. */
  event('tool_progress', { toolCallId: z.string(), elapsedMs: z.number() }),

  // `plan` is a task list, `plan_update` a document under review
  event('plan', {
    entries: z.array(
      z.object({
        id: z.string().optional(),
        content: z.string(),
        status: z.enum(['pending', 'in_progress', 'completed']),
        priority: z.enum(['high', 'medium', 'low']),
      }),
    ),
  }),
  event('plan_update', {
    planId: z.string(),
    markdown: z.string(),
    path: z.string().optional(),
    state: z.enum(['proposed', 'approved', 'rejected']),
    edited: z.boolean().optional(),
    feedback: z.string().optional(),
  }),

  // asks: open until the matching *_resolved
  event('permission_request', {
    requestId: z.string(),
    toolCallId: z.string(),
    toolName: z.string(),
    title: z.string(),
    reason: z.object({ kind: z.string(), text: z.string().optional() }).optional(),
    /** What would be done, exactly as the agent put it. An answer is bound to the hash of this value. */
    input: z.unknown(),
    options: z.array(PermissionOption),
    defaultToNo: z.boolean().optional(),
    /** Set when the permission is the review of a plan. */
    planId: z.string().optional(),
  }),
  event('elicitation_request', {
    requestId: z.string(),
    toolCallId: z.string().optional(),
    source: z.union([z.object({ agent: z.literal(true) }), z.object({ mcp: z.string() })]),
    message: z.string().optional(),
    questions: z.array(Question).optional(),
    /** A JSON Schema of the form to fill in. */
    schema: z.unknown().optional(),
    url: z.string().optional(),
    input: z.unknown(),
  }),
  event('permission_resolved', {
    requestId: z.string(),
    outcome: z.enum(['selected', 'answered', 'cancelled', 'expired']),
    optionId: z.string().optional(),
    feedback: z.string().optional(),
    by: z.enum(['user', 'policy', 'agent', 'runner']),
  }),
  event('elicitation_resolved', {
    requestId: z.string(),
    outcome: z.enum(['selected', 'answered', 'cancelled', 'expired']),
    answers: z.unknown().optional(),
    by: z.enum(['user', 'policy', 'agent', 'runner']),
  }),

  // delegation and background work
  event('subagent_update', {
    agentId: z.string(),
    toolCallId: z.string().optional(),
    kind: z.enum(['subagent', 'shell', 'monitor', 'workflow']),
    title: z.string(),
    state: z.enum(['running', 'requires_action', 'completed', 'failed', 'stopped']),
    background: z.boolean().optional(),
    summary: z.string().optional(),
    outputFile: z.string().optional(),
    usage: z.object({ tokens: z.number(), toolUses: z.number(), ms: z.number() }).optional(),
  }),

  // session
  event('state_update', { state: z.enum(['running', 'requires_action', 'idle']), stopReason: StopReason.optional() }),
  event('current_mode_update', { modeId: z.string() }),
  event('available_commands_update', { commands: z.array(Command) }),
  event('session_info_update', {
    title: z.string().optional(),
    model: z.string().optional(),
    models: z.array(z.object({ id: z.string(), name: z.string(), description: z.string().optional() })).optional(),
    modes: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
    nativeSessionId: z.string().optional(),
    agentVersion: z.string().optional(),
    tools: z.array(z.string()).optional(),
    mcpServers: z.array(z.object({ name: z.string(), status: z.string() })).optional(),
    /** Where the agent's credentials came from, e.g. `ANTHROPIC_API_KEY`; never the credential. */
    credentialSource: z.string().optional(),
  }),
  event('usage_update', {
    /** Tokens in the context window now. */
    used: z.number().optional(),
    /** Size of the context window, tokens. */
    size: z.number().optional(),
    /** Cumulative over the agent's session, as the agent reports it. */
    cost: z
      .object({ amount: z.number(), currency: z.string(), basis: z.enum(['list', 'managed', 'unknown']) })
      .optional(),
    byModel: z.record(z.string(), Tokens).optional(),
  }),
  event('rate_limit', {
    status: z.enum(['allowed', 'warning', 'rejected']),
    window: z.string().optional(),
    utilization: z.number().optional(),
    /** Unix milliseconds. */
    resetsAt: z.number().optional(),
  }),
  event('compaction_update', {
    compactionId: z.string(),
    status: z.enum(['running', 'completed', 'failed']),
    preTokens: z.number().optional(),
    postTokens: z.number().optional(),
  }),
  event('notice', {
    severity: z.enum(['info', 'warning', 'error']),
    title: z.string(),
    detail: z.string().optional(),
    code: z.string().optional(),
    retry: z.object({ attempt: z.number(), max: z.number(), inMs: z.number() }).optional(),
  }),

  // turns: exactly one turn_ended for each turn_started
  event('turn_started', { origin: Origin, messageIds: z.array(z.string()) }),
  event('turn_ended', {
    stopReason: StopReason,
    detail: z.string().optional(),
    error: AgentError.optional(),
    /** The agent's final text. */
    result: z.string().optional(),
    structuredOutput: z.unknown().optional(),
    durationMs: z.number().optional(),
    /** Cost of this turn alone, US dollars at list price. */
    costDelta: z.number().optional(),
    /** Tools that were refused in this turn. */
    denials: z.array(z.string()).optional(),
    /** Where the agent's conversation stands now, in the agent's own words: a fork can begin there. */
    forkAt: z.string().optional(),
  }),

  // process and transport
  event('agent_process', {
    state: z.enum(['starting', 'ready', 'exited', 'lost']),
    epoch: z.number().int(),
    pid: z.number().int().optional(),
    exitCode: z.number().int().nullable().optional(),
    signal: z.string().optional(),
    stderrTail: z.string().optional(),
    reason: z.string().optional(),
  }),
  /** A line that the plugin does not know. Shown on request, never an error. */
  event('raw', { format: z.string(), line: z.unknown(), why: z.enum(['unknown', 'unparsed']) }),
])
export type AgentEvent = z.infer<typeof AgentEvent>
export type AgentEventOf<T extends AgentEvent['type']> = Extract<AgentEvent, { type: T }>

/** Events that are shown live and never stored. */
export const EPHEMERAL: ReadonlySet<AgentEvent['type']> = new Set([
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call_chunk',
  'tool_progress',
])

/** Where in the journal an event was decoded from: the nth event of the line that ends at byte `offset` of `epoch`. */
export const EventSource = z.object({ epoch: z.number().int(), offset: z.number().int(), n: z.number().int() })
export type EventSource = z.infer<typeof EventSource>

export const Envelope = z.object({
  v: z.literal(1),
  sessionId: z.string(),
  /**
   * Gapless number within the session, from 1, given when the event is stored. An ephemeral event carries the seq of the
   * last stored one before it.
   */
  seq: z.number().int().nonnegative(),
  /** When Skein saw it, Unix milliseconds. */
  at: z.number(),
  src: EventSource.optional(),
  turnId: z.string().optional(),
  /** The sub-agent that it belongs to. */
  agentId: z.string().optional(),
  parentToolCallId: z.string().optional(),
  /** The ask that this event opened. */
  askId: z.string().optional(),
  /** Made by Skein, not by the agent. */
  synthetic: z.literal(true).optional(),
  /** A delta: shown live, never stored. */
  ephemeral: z.literal(true).optional(),
  event: AgentEvent,
})
export type Envelope = z.infer<typeof Envelope>
