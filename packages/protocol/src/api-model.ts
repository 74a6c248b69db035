import * as z from 'zod'
import { ContentBlock } from './content.ts'
import { ErrorCode } from './errors.ts'
import { Origin, PermissionOption, Question, StopReason } from './events.ts'

/** The things that `SkeinApi` speaks of: what commands take and what queries answer. */

/**
 * How much an agent may do unasked; an agent plugin maps it to the agent's own modes. `sandboxed` is the default: edits inside
 * the workspace are accepted, commands run in the agent's own sandbox, everything else is asked.
 */
export const PermissionMode = z.enum(['sandboxed', 'ask', 'accept_edits', 'plan', 'bypass'])
export type PermissionMode = z.infer<typeof PermissionMode>

/** The modes, from the one in which an agent does least by itself. */
export const FREEDOM: readonly PermissionMode[] = ['plan', 'ask', 'sandboxed', 'accept_edits', 'bypass']

/** Status in one word, each with its evidence. `unknown` is an honest answer. */
export const Status = z.enum(['needs_you', 'working', 'checking', 'ready_for_review', 'idle', 'failed', 'unknown'])
export type Status = z.infer<typeof Status>

export const StatusReport = z.object({
  status: Status,
  /** One sentence: why. */
  because: z.string(),
  evidence: z.array(z.object({ what: z.string(), at: z.number().optional(), ref: z.string().optional() })),
})
export type StatusReport = z.infer<typeof StatusReport>

export const Project = z.object({
  id: z.string(),
  name: z.string(),
  /** The clone's root on this computer. */
  path: z.string(),
  addedAt: z.number(),
  trust: z.object({
    state: z.enum(['trusted', 'untrusted', 'changed', 'nothing_to_trust']),
    /** SHA-256 over all that the repository would run. */
    hash: z.string(),
  }),
  /** The demo project, whose agents speak with a scripted model. */
  demo: z.boolean(),
})
export type Project = z.infer<typeof Project>

/** Something in a repository that wants to run on your machine. */
export const RepositoryScript = z.object({
  path: z.string(),
  kind: z.enum(['setup', 'teardown', 'check', 'service', 'agent_settings', 'agent_hooks', 'mcp_servers', 'flight']),
  summary: z.string(),
  content: z.string(),
})
export type RepositoryScript = z.infer<typeof RepositoryScript>

export const StepName = z.enum(['machine', 'checkout', 'files', 'setup', 'ready'])
export type StepName = z.infer<typeof StepName>
export const WorkspaceStep = z.object({
  name: StepName,
  state: z.enum(['pending', 'running', 'done', 'skipped', 'failed']),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  /** What it did or why it failed, one line. */
  note: z.string().optional(),
})
export type WorkspaceStep = z.infer<typeof WorkspaceStep>

export const Usage = z.object({
  /** US dollars, list price, over all turns. */
  cost: z.number(),
  contextUsed: z.number().optional(),
  contextSize: z.number().optional(),
  inputTokens: z.number(),
  outputTokens: z.number(),
})
export type Usage = z.infer<typeof Usage>

export const SessionState = z.enum(['none', 'starting', 'ready', 'working', 'waiting', 'idle', 'hibernated', 'failed'])
export type SessionState = z.infer<typeof SessionState>

export const SessionProblemCode = z.enum(['auth', 'billing', 'startup', 'process', 'unknown'])

export const Session = z.object({
  id: z.string(),
  workspaceId: z.string(),
  agent: z.string(),
  title: z.string().optional(),
  createdAt: z.number(),
  state: SessionState,
  /** The last event's seq. */
  seq: z.number().int(),
  /** Up to which event a person has seen it. */
  seenSeq: z.number().int(),
  turns: z.number().int(),
  lastTurn: z
    .object({
      id: z.string(),
      startedAt: z.number(),
      endedAt: z.number().optional(),
      stopReason: StopReason.optional(),
      error: z.object({ code: z.string(), message: z.string() }).optional(),
      result: z.string().optional(),
      structuredOutput: z.unknown().optional(),
      cost: z.number().optional(),
    })
    .optional(),
  queued: z.number().int(),
  permissionMode: PermissionMode,
  model: z.string().optional(),
  effort: z.string().optional(),
  usage: Usage,
  /** The agent process, while there is one. */
  process: z.object({ epoch: z.number().int(), pid: z.number().int().optional(), startedAt: z.number() }).optional(),
  /** The agent's own id of the conversation, e.g. for `claude --resume`. */
  nativeSessionId: z.string(),
  /** The session whose agent started this one. */
  parent: z.string().optional(),
  problem: z
    .object({ code: SessionProblemCode.optional(), message: z.string(), next: z.string().optional() })
    .optional(),
})
export type Session = z.infer<typeof Session>

export const Workspace = z.object({
  id: z.string(),
  projectId: z.string(),
  projectName: z.string(),
  name: z.string(),
  branch: z.string(),
  /** The commit that it began from, and the name by which that was asked for. */
  base: z.string(),
  baseRef: z.string(),
  machine: z.string(),
  path: z.string(),
  createdAt: z.number(),
  /** The last event, ask or command in it. */
  activeAt: z.number(),
  pinned: z.boolean(),
  archived: z.boolean(),
  state: z.enum(['creating', 'ready', 'failed', 'removing', 'removed']),
  steps: z.array(WorkspaceStep),
  status: StatusReport,
  /** The first of ten ports that are this workspace's own. */
  port: z.number().int().optional(),
  /** Of a workspace of several: what is in its folders. */
  repositories: z
    .array(z.object({ folder: z.string(), projectId: z.string(), branch: z.string(), base: z.string() }))
    .optional(),
  sessions: z.array(Session),
  openAsks: z.number().int(),
  /** When it goes by itself unless something happens in it, Unix milliseconds. */
  expiresAt: z.number().optional(),
  /** Size of the changes against the base, when it was last looked at. */
  diff: z
    .object({ files: z.number().int(), added: z.number().int(), deleted: z.number().int(), at: z.number() })
    .optional(),
  /** Removed workspaces: until when `restore` brings it back, Unix milliseconds. */
  restorableUntil: z.number().optional(),
  problem: z.object({ code: ErrorCode.optional(), message: z.string(), next: z.string().optional() }).optional(),
})
export type Workspace = z.infer<typeof Workspace>

export const Ask = z.object({
  id: z.string(),
  sessionId: z.string(),
  workspaceId: z.string(),
  workspaceName: z.string(),
  kind: z.enum(['permission', 'question', 'plan']),
  title: z.string(),
  toolName: z.string().optional(),
  reason: z.string().optional(),
  /** What would be done, with secrets redacted. */
  input: z.unknown(),
  /** Answers are bound to it: an answer to another input than the one shown is refused. */
  inputHash: z.string(),
  options: z.array(PermissionOption.omit({ suggestion: true })),
  questions: z.array(Question).optional(),
  plan: z.object({ id: z.string(), markdown: z.string() }).optional(),
  defaultToNo: z.boolean(),
  state: z.enum(['open', 'answered', 'cancelled', 'expired']),
  createdAt: z.number(),
  answeredAt: z.number().optional(),
  /** The answer that counted. */
  answer: z.unknown().optional(),
  answeredBy: z.string().optional(),
})
export type Ask = z.infer<typeof Ask>

export const AskAnswer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('allow'), optionId: z.string().optional(), updatedInput: z.unknown().optional() }),
  z.object({ type: z.literal('deny'), feedback: z.string().optional(), interrupt: z.boolean().optional() }),
  /** By question text; several labels are joined by ", ". */
  z.object({ type: z.literal('answers'), answers: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('approve_plan'), plan: z.string().optional(), nextMode: PermissionMode.optional() }),
  z.object({ type: z.literal('request_changes'), feedback: z.string().min(1) }),
])
export type AskAnswer = z.infer<typeof AskAnswer>

export const Finding = z.object({
  id: z.string(),
  ok: z.boolean(),
  severity: z.enum(['error', 'warning', 'info']),
  what: z.string(),
  detail: z.string().optional(),
  remedy: z.string().optional(),
})
export type Finding = z.infer<typeof Finding>

/** What an agent process is given; secrets are kept encrypted and never shown. */
export const SessionEnvironment = z.object({
  env: z.record(z.string(), z.string()).optional(),
  secrets: z.record(z.string(), z.string()).optional(),
})

/** A server of the Model Context Protocol, as agents take it: a command, or a URL. */
export const McpServer = z.union([
  z.object({
    command: z.string().min(1),
    args: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).optional(),
  }),
  z.object({
    type: z.enum(['http', 'sse']),
    url: z.string().min(1),
    headers: z.record(z.string(), z.string()).optional(),
  }),
])
export type McpServer = z.infer<typeof McpServer>

/** How many workspaces at a time an agent may have started, and whether theirs may start some, and so on. */
export const Delegation = z.object({
  workspaces: z.number().int().min(0).max(100),
  depth: z.number().int().min(0).max(5),
})
export type Delegation = z.infer<typeof Delegation>

export const SessionOptions = z.object({
  agent: z.string().optional(),
  model: z.string().optional(),
  effort: z.string().optional(),
  permissionMode: PermissionMode.optional(),
  allowedTools: z.array(z.string()).optional(),
  disallowedTools: z.array(z.string()).optional(),
  appendSystemPrompt: z.string().optional(),
  jsonSchema: z.unknown().optional(),
  maxTurns: z.number().int().positive().optional(),
  /** US dollars over the session; the turn that crosses it is interrupted and ends with `budget`. */
  maxCost: z.number().positive().optional(),
  /** By name. Kept encrypted: they may hold credentials. */
  mcpServers: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), McpServer).optional(),
  environment: SessionEnvironment.optional(),
  /**
   * The session whose agent asks for this one. This one gets what that was given: environment, servers, tools, and no more freedom.
   * Refused when that may not have another (see `delegate`).
   */
  parent: z.string().optional(),
  /** What its agent may start, by Skein's MCP server: so many workspaces at a time, and theirs so many levels deep. */
  delegate: Delegation.optional(),
})
export type SessionOptions = z.infer<typeof SessionOptions>

/** One turn of a session. `fromTree` and `toTree` are what the work tree held before and after it, where that is known. */
export const Turn = z.object({
  id: z.string(),
  sessionId: z.string(),
  /** From 1. */
  number: z.number().int().positive(),
  origin: Origin,
  prompt: z.string(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  stopReason: StopReason.optional(),
  cost: z.number().optional(),
  firstSeq: z.number().int(),
  lastSeq: z.number().int().optional(),
  fromTree: z.string().optional(),
  toTree: z.string().optional(),
})
export type Turn = z.infer<typeof Turn>

/** A prompt that waits for the turn before it to end. */
export const QueuedPrompt = z.object({
  messageId: z.string(),
  content: z.array(ContentBlock),
  origin: Origin,
  createdAt: z.number(),
})
export type QueuedPrompt = z.infer<typeof QueuedPrompt>

export const SearchHit = z.object({
  projectId: z.string(),
  workspaceId: z.string(),
  workspaceName: z.string(),
  sessionId: z.string(),
  seq: z.number().int(),
  at: z.number(),
  kind: z.enum(['prompt', 'answer', 'thought', 'tool', 'plan', 'other']),
  /** Some text around the words; `match` where they stand. */
  snippet: z.array(z.object({ text: z.string(), match: z.boolean() })),
})
export type SearchHit = z.infer<typeof SearchHit>

export const AgentInfo = z.object({
  kind: z.string(),
  name: z.string(),
  capabilities: z.object({
    resume: z.boolean(),
    fork: z.boolean(),
    plans: z.boolean(),
    questions: z.boolean(),
    images: z.boolean(),
    sandbox: z.boolean(),
    modes: z.array(z.object({ id: PermissionMode, name: z.string(), description: z.string() })),
    efforts: z.array(z.string()),
  }),
})
export type AgentInfo = z.infer<typeof AgentInfo>

/** A browser that was signed in by a one-time link. */
export const Browser = z.object({
  id: z.string(),
  /** As it names itself, shortened. */
  agent: z.string(),
  signedInAt: z.number(),
  seenAt: z.number(),
  /** It is the one that asks. */
  current: z.boolean(),
})
export type Browser = z.infer<typeof Browser>
