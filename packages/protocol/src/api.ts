import * as z from 'zod'
import {
  Ask,
  AskAnswer,
  Finding,
  PermissionMode,
  Project,
  RepositoryScript,
  Session,
  SessionEnvironment,
  SessionOptions,
  StepName,
  Workspace,
} from './api-model.ts'
import { ContentBlock } from './content.ts'
import { Envelope } from './events.ts'
import { FileChange, GitStatus } from './git.ts'

/**
 * `SkeinApi`: every command, query and subscription, once. The engine implements it, the HTTP client implements it, and the
 * server maps one to the other, so whoever holds a `SkeinApi` need not know where the engine runs.
 *
 * Every command carries a `key`, a UUID of the caller's: repeating it gives the first answer and does nothing twice.
 */

const Key = z.string().min(1).max(200)

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
    z.object({ files: z.array(FileChange), base: z.string(), tree: z.string(), head: z.string().nullable() }),
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
      /** Commit everything to the branch and leave the branch. */
      keepBranch: z.boolean().optional(),
      /** false: answer as soon as it is settled that it goes; `changes` tells when it has gone. */
      wait: z.boolean().optional(),
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
