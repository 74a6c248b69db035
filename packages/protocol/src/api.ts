import * as z from 'zod'
import { ContentBlock } from './content.ts'
import { Envelope, PermissionOption, Question, StopReason } from './events.ts'
import { FileChange, GitStatus } from './git.ts'

/**
 * `SkeinApi`: every command, query and subscription, once. The engine implements it, the HTTP client implements it, and the
 * server maps one to the other, so whoever holds a `SkeinApi` need not know where the engine runs.
 *
 * Every command carries a `key`, a UUID of the caller's: repeating it gives the first answer and does nothing twice.
 */

const Key = z.string().min(1).max(200)

/**
 * How much an agent may do unasked; an agent plugin maps it to the agent's own modes. `sandboxed` is the default: edits inside
 * the workspace are accepted, commands run in the agent's own sandbox, everything else is asked.
 */
export const PermissionMode = z.enum(['sandboxed', 'ask', 'accept_edits', 'plan', 'bypass'])
export type PermissionMode = z.infer<typeof PermissionMode>

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

export const Session = z.object({
  id: z.string(),
  workspaceId: z.string(),
  agent: z.string(),
  title: z.string().optional(),
  createdAt: z.number(),
  state: SessionState,
  /** The last event's seq. */
  seq: z.number().int(),
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
  problem: z.object({ message: z.string(), next: z.string().optional() }).optional(),
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
  state: z.enum(['creating', 'ready', 'failed', 'removing', 'removed']),
  steps: z.array(WorkspaceStep),
  status: StatusReport,
  /** The first of ten ports that are this workspace's own. */
  port: z.number().int().optional(),
  sessions: z.array(Session),
  openAsks: z.number().int(),
  /** Size of the changes against the base, when it was last looked at. */
  diff: z.object({ files: z.number().int(), added: z.number().int(), deleted: z.number().int(), at: z.number() }).optional(),
  /** Removed workspaces: until when `restore` brings it back, Unix milliseconds. */
  restorableUntil: z.number().optional(),
  problem: z.object({ message: z.string(), next: z.string().optional() }).optional(),
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
  environment: SessionEnvironment.optional(),
})
export type SessionOptions = z.infer<typeof SessionOptions>

const id = { workspaceId: z.string() }
const sid = { sessionId: z.string() }
const method = <K extends 'query' | 'command' | 'subscription', P extends z.ZodType, R extends z.ZodType>(
  kind: K,
  about: string,
  params: P,
  result: R,
) => ({ kind, about, params, result })
const query = <P extends z.ZodType, R extends z.ZodType>(about: string, params: P, result: R) =>
  method('query', about, params, result)
const command = <P extends z.ZodRawShape, R extends z.ZodType>(about: string, params: P, result: R) =>
  method('command', about, z.object({ key: Key, ...params }), result)
const subscription = <P extends z.ZodType, R extends z.ZodType>(about: string, params: P, item: R) =>
  method('subscription', about, params, item)
const none = z.object({})

/** What a subscription to many things says: something changed, and how it is now. */
export const Change = z.discriminatedUnion('type', [
  z.object({ type: z.literal('workspace'), workspace: Workspace }),
  z.object({ type: z.literal('workspace_gone'), workspaceId: z.string() }),
  z.object({ type: z.literal('ask'), ask: Ask }),
  z.object({
    type: z.literal('notice'),
    severity: z.enum(['info', 'warning', 'error']),
    title: z.string(),
    detail: z.string().optional(),
  }),
  /** All that was there at the start has been sent. */
  z.object({ type: z.literal('ready') }),
])
export type Change = z.infer<typeof Change>

/** One item of a session that is followed: an event, or the mark that what follows is live. */
export const FollowItem = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), envelope: Envelope }),
  z.object({ type: z.literal('live'), seq: z.number().int() }),
])
export type FollowItem = z.infer<typeof FollowItem>

export const apiMethods = {
  'server.info': query(
    'What this server is.',
    none,
    z.object({
      version: z.string(),
      pid: z.number(),
      home: z.string(),
      startedAt: z.number(),
      activity: z.object({ running: z.number(), openAsks: z.number() }),
    }),
  ),
  'server.stop': command('Stops the server; agents run on.', {}, none),
  'server.doctor': query(
    'What is missing on this computer, with remedies.',
    z.object({ agent: z.string().optional(), path: z.string().optional(), environment: SessionEnvironment.optional() }),
    z.object({ findings: z.array(Finding) }),
  ),

  'projects.list': query('All projects.', none, z.array(Project)),
  'projects.open': command('The project of a repository, made known if it was not.', { path: z.string() }, Project),
  'projects.scripts': query(
    'What a repository would run, at a commit.',
    z.object({ projectId: z.string(), ref: z.string().optional() }),
    z.object({ hash: z.string(), trusted: z.boolean(), scripts: z.array(RepositoryScript) }),
  ),
  'projects.trust': command(
    'Lets a repository’s scripts run, exactly as they are now; null takes it back.',
    { projectId: z.string(), hash: z.string().nullable() },
    Project,
  ),

  'workspaces.create': command(
    'Makes a workspace. Answers at once; follow its steps in `changes`.',
    {
      projectId: z.string(),
      name: z.string().optional(),
      branch: z.string().optional(),
      base: z.string().optional(),
      on: z.string().optional(),
      /** Session and first prompt, so that one call does it all. */
      session: SessionOptions.optional(),
      prompt: z.array(ContentBlock).optional(),
    },
    Workspace,
  ),
  'workspaces.list': query(
    'All workspaces, those that need you first.',
    z.object({ projectId: z.string().optional(), removed: z.boolean().optional() }),
    z.array(Workspace),
  ),
  'workspaces.get': query(
    'One workspace, by id, by name, or by a unique beginning of either.',
    z.object({ workspace: z.string() }),
    Workspace,
  ),
  'workspaces.git': query('Branch, dirty files, ahead and behind.', z.object(id), GitStatus),
  'workspaces.changes': query(
    'All changes against the base.',
    z.object(id),
    z.object({ files: z.array(FileChange), base: z.string(), tree: z.string() }),
  ),
  'workspaces.diff': query(
    'All changes against the base, as a patch.',
    z.object({
      ...id,
      paths: z.array(z.string()).optional(),
      offset: z.number().optional(),
      tree: z.string().optional(),
      ignoreWhitespace: z.boolean().optional(),
    }),
    z.object({ patch: z.string(), eof: z.boolean(), tree: z.string() }),
  ),
  'workspaces.commit': command(
    'Commits all changes on the workspace’s branch.',
    { ...id, message: z.string() },
    z.object({ commit: z.string().nullable() }),
  ),
  'workspaces.apply': command(
    'Brings the work into the project’s own checkout as uncommitted changes, or onto a branch.',
    {
      ...id,
      to: z.union([
        z.object({ checkout: z.literal(true) }),
        z.object({ branch: z.string(), force: z.boolean().optional() }),
      ]),
      message: z.string().optional(),
      /** Say whether it would apply, and change nothing. For the checkout only. */
      check: z.boolean().optional(),
    },
    z.object({
      applied: z.boolean(),
      conflicts: z.array(z.string()),
      files: z.number(),
      commit: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
  'workspaces.remove': command(
    'Removes a workspace; what it held stays restorable for 30 days. Refused with `needs_confirmation` while it holds work that is nowhere else, unless confirmed.',
    {
      ...id,
      confirm: z.boolean().optional(),
      /** Commit everything to the branch and leave the branch. */ keepBranch: z.boolean().optional(),
    },
    Workspace,
  ),
  'workspaces.restore': command('Brings a removed workspace back.', id, Workspace),
  'workspaces.log': subscription(
    'The log of a workspace’s steps, from the beginning and on while it is made.',
    z.object(id),
    z.object({ step: StepName, text: z.string() }),
  ),

  'sessions.create': command(
    'A further session in a workspace.',
    { ...id, options: SessionOptions.optional() },
    Session,
  ),
  'sessions.get': query('One session.', z.object(sid), Session),
  'sessions.configure': command(
    'Model, effort, and permission mode from now on; renews the environment.',
    {
      ...sid,
      model: z.string().optional(),
      effort: z.string().optional(),
      permissionMode: PermissionMode.optional(),
      maxCost: z.number().positive().optional(),
      environment: SessionEnvironment.optional(),
    },
    Session,
  ),
  'sessions.prompt': command(
    'Queues a prompt.',
    { ...sid, content: z.array(ContentBlock).min(1), environment: SessionEnvironment.optional() },
    z.object({ messageId: z.string() }),
  ),
  'sessions.cancelPrompt': command(
    'Takes a prompt out of the queue.',
    { ...sid, messageId: z.string() },
    z.object({ cancelled: z.boolean() }),
  ),
  'sessions.interrupt': command(
    'Ends the turn that runs; its partial output stays.',
    { ...sid, cancelQueued: z.boolean().optional() },
    z.object({ interrupted: z.boolean() }),
  ),
  'sessions.hibernate': command('Stops the idle agent process; the next prompt resumes it.', sid, Session),
  'sessions.fork': command(
    'A new workspace whose session knows what this one knew, from the workspace’s present state.',
    { ...sid, name: z.string().optional(), prompt: z.array(ContentBlock).optional() },
    Workspace,
  ),
  'sessions.events': query(
    'Stored events after a seq.',
    z.object({ ...sid, after: z.number().int().optional(), limit: z.number().int().positive().max(10_000).optional() }),
    z.object({ events: z.array(Envelope), last: z.number().int() }),
  ),
  'sessions.follow': subscription(
    'Events after a seq, then live ones, deltas included.',
    z.object({ ...sid, after: z.number().int().optional() }),
    FollowItem,
  ),

  'asks.list': query(
    'Asks, open ones by default.',
    z.object({ workspaceId: z.string().optional(), sessionId: z.string().optional(), all: z.boolean().optional() }),
    z.array(Ask),
  ),
  'asks.get': query('One ask.', z.object({ askId: z.string() }), Ask),
  'asks.answer': command(
    'Answers an ask. The first answer counts; a later one is told which did.',
    { askId: z.string(), inputHash: z.string().optional(), answer: AskAnswer, by: z.string().optional() },
    z.object({ counted: z.boolean(), ask: Ask }),
  ),

  'blobs.get': query(
    'Bytes that an event refers to.',
    z.object({ sha256: z.string() }),
    z.object({ base64: z.string() }),
  ),
  changes: subscription(
    'Every workspace and open ask now, then each as it changes.',
    z.object({ workspaceId: z.string().optional() }),
    Change,
  ),
} as const

export type ApiMethods = typeof apiMethods
export type ApiMethod = keyof ApiMethods
type Params<M extends ApiMethod> = z.input<ApiMethods[M]['params']>
type Result<M extends ApiMethod> = z.output<ApiMethods[M]['result']>
export type ApiParams<M extends ApiMethod> = Params<M>
export type ApiResult<M extends ApiMethod> = Result<M>
export type CallMethod = { [M in ApiMethod]: ApiMethods[M]['kind'] extends 'subscription' ? never : M }[ApiMethod]
export type SubscriptionMethod = Exclude<ApiMethod, CallMethod>

export interface SkeinApi extends AsyncDisposable {
  /** A command or a query. Aborting stops waiting; a command that was accepted goes on. */
  call<M extends CallMethod>(method: M, params: Params<M>, signal?: AbortSignal): Promise<Result<M>>
  /** A subscription; leave the loop or abort to end it. */
  subscribe<M extends SubscriptionMethod>(method: M, params: Params<M>, signal?: AbortSignal): AsyncIterable<Result<M>>
}
