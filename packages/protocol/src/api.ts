import * as z from 'zod'
import { command, none, query, subscription } from './api-define.ts'
import { libraryMethods, WorkspaceRepository } from './api-library.ts'
import { MachineInfo, machineMethods } from './api-machines.ts'
import {
  AgentInfo,
  Ask,
  AskAnswer,
  Browser,
  Finding,
  PermissionMode,
  Project,
  QueuedPrompt,
  RepositoryScript,
  SearchHit,
  Session,
  SessionEnvironment,
  SessionOptions,
  StepName,
  Turn,
  Workspace,
} from './api-model.ts'
import { reviewMethods } from './api-review.ts'
import { Share, shareMethods } from './api-shares.ts'
import { Check, Service, Terminal, workMethods } from './api-work.ts'
import { ContentBlock } from './content.ts'
import { Envelope } from './events.ts'
import { FileChange, GitStatus } from './git.ts'

/**
 * `SkeinApi`: every command, query and subscription, once. The engine implements it, the HTTP client implements it, and the
 * server maps one to the other, so whoever holds a `SkeinApi` need not know where the engine runs.
 *
 * Every command carries a `key`, a UUID of the caller's: repeating it gives the first answer and does nothing twice.
 */

const id = { workspaceId: z.string() }
const sid = { sessionId: z.string() }

/** What a subscription to many things says: something changed, and how it is now. */
export const Change = z.discriminatedUnion('type', [
  z.object({ type: z.literal('workspace'), workspace: Workspace }),
  z.object({ type: z.literal('workspace_gone'), workspaceId: z.string() }),
  z.object({ type: z.literal('ask'), ask: Ask }),
  z.object({ type: z.literal('machine'), machine: MachineInfo }),
  z.object({ type: z.literal('machine_gone'), machineId: z.string() }),
  z.object({ type: z.literal('project'), project: Project }),
  z.object({ type: z.literal('project_gone'), projectId: z.string() }),
  z.object({ type: z.literal('check'), check: Check }),
  z.object({ type: z.literal('service'), service: Service }),
  z.object({ type: z.literal('terminal'), terminal: Terminal }),
  z.object({ type: z.literal('terminal_gone'), workspaceId: z.string(), terminalId: z.string() }),
  z.object({ type: z.literal('share'), share: Share }),
  z.object({ type: z.literal('share_gone'), workspaceId: z.string(), shareId: z.string() }),
  /** Comments of a session were added, changed or taken away: ask for them again. */
  z.object({ type: z.literal('comments'), workspaceId: z.string(), sessionId: z.string() }),
  /** The prompts that wait in a session, after any change. */
  z.object({ type: z.literal('queue'), sessionId: z.string(), prompts: z.array(QueuedPrompt) }),
  /** How far a long command has got; `key` is the command's. */
  z.object({ type: z.literal('progress'), key: z.string(), text: z.string(), fraction: z.number().optional() }),
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
      /** Where the web app is, if this server has one. */
      web: z.object({ url: z.string() }).optional(),
    }),
  ),
  'server.stop': command('Stops the server; agents run on.', {}, none),
  'server.link': command(
    'A URL that signs one browser in. It works once, and for a few minutes.',
    { path: z.string().startsWith('/').optional() },
    z.object({ url: z.string(), expiresAt: z.number() }),
  ),
  'server.browsers': query('The browsers that are signed in.', none, z.array(Browser)),
  'server.signOut': command(
    'Signs a browser out; without an id, all but the one that asks.',
    { browserId: z.string().optional() },
    z.object({ signedOut: z.number().int() }),
  ),
  'server.reap': command(
    'Ends what really exists on machines and belongs to nothing that is known, as happens every hour by itself; `dryRun` only names it.',
    { dryRun: z.boolean().optional() },
    z.object({
      found: z.array(
        z.object({
          kind: z.enum(['processes', 'worktrees', 'snapshots', 'kept', 'machines']),
          /** A process’s id, a path, a git ref, a machine. */
          name: z.string(),
        }),
      ),
    }),
  ),
  'server.doctor': query(
    'What is missing on this computer, with remedies.',
    z.object({ agent: z.string().optional(), path: z.string().optional(), environment: SessionEnvironment.optional() }),
    z.object({ findings: z.array(Finding) }),
  ),

  'agents.list': query('The agents that sessions can have.', none, z.array(AgentInfo)),
  'folders.list': query(
    'Folders of this computer, for choosing a repository; the home folder by default.',
    z.object({ path: z.string().optional() }),
    z.object({
      path: z.string(),
      parent: z.string().nullable(),
      /** Whether the folder itself is a repository's root. */
      repository: z.boolean(),
      folders: z.array(z.object({ name: z.string(), path: z.string(), repository: z.boolean() })),
    }),
  ),
  search: query(
    'Finds words in prompts, answers and tool output of all sessions, the newest first.',
    z.object({
      text: z.string().min(1).max(500),
      projectId: z.string().optional(),
      workspaceId: z.string().optional(),
      sessionId: z.string().optional(),
      /** Go on after the last hit of the answer before. */
      cursor: z.string().optional(),
      limit: z.number().int().positive().max(200).optional(),
    }),
    z.object({ hits: z.array(SearchHit), cursor: z.string().nullable() }),
  ),

  'projects.list': query('All projects.', none, z.array(Project)),
  'projects.open': command('The project of a repository, made known if it was not.', { path: z.string() }, Project),
  'projects.clone': command(
    'Clones a repository and makes it known; `changes` tells how far it is.',
    { url: z.string().min(1), path: z.string().optional() },
    Project,
  ),
  'projects.cancelClone': command(
    'Ends a clone that is under way; nothing of it is left. `cloneKey` is the key of the command that began it.',
    { cloneKey: z.string() },
    z.object({ cancelled: z.boolean() }),
  ),
  'projects.demo': command(
    'The demo project: a small repository whose agent speaks with a scripted model, without credentials.',
    {},
    Project,
  ),
  'projects.remove': command(
    'Forgets a project that has no workspaces; its repository stays as it is.',
    { projectId: z.string() },
    none,
  ),
  'projects.branches': query(
    'Branches that a workspace can begin from, the likely ones first.',
    z.object({ projectId: z.string() }),
    z.object({ branches: z.array(z.string()), base: z.string() }),
  ),
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
      /** Of several repositories: the project is a blank one (`projects.blank`), and these are in its folders. */
      repositories: z.array(WorkspaceRepository).max(100).optional(),
      /** It is removed when nothing happened in it for so long. */
      ttlMs: z.number().int().positive().optional(),
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
  'workspaces.update': command(
    'Another name, pinned to the top, or put away.',
    {
      ...id,
      name: z.string().trim().min(1).max(100).optional(),
      pinned: z.boolean().optional(),
      archived: z.boolean().optional(),
    },
    Workspace,
  ),
  'workspaces.files': query(
    'Paths of a workspace’s files that match, the best first; for completion.',
    z.object({ ...id, query: z.string().max(500).optional(), limit: z.number().int().positive().max(1000).optional() }),
    z.object({ paths: z.array(z.string()) }),
  ),
  'workspaces.file': query(
    'One file: at the base, in the work tree now, or in a tree. null where there is none.',
    z.object({ ...id, path: z.string().min(1), at: z.string() }),
    z.object({ base64: z.string(), size: z.number() }).nullable(),
  ),
  'workspaces.git': query('Branch, dirty files, ahead and behind.', z.object(id), GitStatus),
  'workspaces.changes': query(
    'All changes against the base, or between two trees (see `turns.list`).',
    z.object({
      ...id,
      from: z.string().optional(),
      to: z.string().optional(),
      /** Of the repository in this folder, where there are several. */
      folder: z.string().optional(),
    }),
    z.object({ files: z.array(FileChange), base: z.string(), tree: z.string(), head: z.string().nullable() }),
  ),
  'workspaces.diff': query(
    'All changes against the base, as a patch.',
    z.object({
      ...id,
      /** Of the repository in this folder, where there are several. */
      folder: z.string().optional(),
      paths: z.array(z.string()).optional(),
      offset: z.number().optional(),
      /** Against this tree, not the base. */
      from: z.string().optional(),
      /** This tree, not the work tree as it is now. */
      tree: z.string().optional(),
      context: z.number().int().nonnegative().optional(),
      ignoreWhitespace: z.boolean().optional(),
    }),
    z.object({ patch: z.string(), eof: z.boolean(), tree: z.string() }),
  ),
  'workspaces.commit': command(
    'Commits all changes on the workspace’s branch, or what is staged.',
    { ...id, message: z.string().trim().min(1), staged: z.boolean().optional() },
    z.object({ commit: z.string().nullable() }),
  ),
  'workspaces.stage': command(
    'Stages (or unstages) files, or the hunks of a patch.',
    { ...id, paths: z.array(z.string()).optional(), patch: z.string().optional(), unstage: z.boolean().optional() },
    GitStatus,
  ),
  'workspaces.discard': command(
    'Undoes files, or the hunks of a patch, in the work tree. What was there is kept as a snapshot first.',
    { ...id, paths: z.array(z.string()).optional(), patch: z.string().optional() },
    z.object({ snapshotRef: z.string() }),
  ),
  'workspaces.undiscard': command('Brings back what a discard took away.', { ...id, snapshotRef: z.string() }, none),
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
  'workspaces.move': command(
    'Brings a workspace to another machine: branch, files that are committed or not, and what its sessions remember. The old place stays until the new one is ready; while that is made the workspace is `creating`.',
    { ...id, to: z.string().min(1) },
    Workspace,
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
  'workspaces.retry': command('Makes a workspace whose making failed on from the step that failed.', id, Workspace),
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
  'sessions.update': command('Another title.', { ...sid, title: z.string().trim().min(1).max(200) }, Session),
  'sessions.see': command(
    'A person has seen the transcript up to a seq.',
    { ...sid, seq: z.number().int().nonnegative() },
    none,
  ),
  'turns.list': query('The turns of a session, the oldest first.', z.object(sid), z.array(Turn)),
  'sessions.get': query('One session.', z.object(sid), Session),
  'sessions.configure': command(
    'Model, effort, and permission mode from now on; renews the environment.',
    {
      ...sid,
      /** null: what the agent itself would take. */
      model: z.string().nullable().optional(),
      /** null: what the agent itself would take. */
      effort: z.string().nullable().optional(),
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
  'sessions.queue': query('The prompts that wait, in order.', z.object(sid), z.array(QueuedPrompt)),
  'sessions.editPrompt': command(
    'Another text for a prompt that waits.',
    { ...sid, messageId: z.string(), content: z.array(ContentBlock).min(1) },
    z.object({ edited: z.boolean() }),
  ),
  'sessions.orderPrompts': command(
    'Another order for the prompts that wait; those that are not named keep theirs, after the named ones.',
    { ...sid, messageIds: z.array(z.string()) },
    z.array(QueuedPrompt),
  ),
  'sessions.interrupt': command(
    'Ends the turn that runs; its partial output stays.',
    { ...sid, cancelQueued: z.boolean().optional() },
    z.object({ interrupted: z.boolean() }),
  ),
  'sessions.hibernate': command('Stops the idle agent process; the next prompt resumes it.', sid, Session),
  'sessions.fork': command(
    'A new workspace whose session knows what this one knew, from the workspace’s present state.',
    {
      ...sid,
      name: z.string().optional(),
      prompt: z.array(ContentBlock).optional(),
      /** As it was at the end of this turn, files included. */
      turnId: z.string().optional(),
    },
    Workspace,
  ),
  'sessions.events': query(
    'Stored events after a seq, or the newest so many.',
    z.object({
      ...sid,
      after: z.number().int().optional(),
      limit: z.number().int().positive().max(10_000).optional(),
      /** The last `limit` events, in their order. */
      newest: z.boolean().optional(),
    }),
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

  ...libraryMethods,
  ...reviewMethods,
  ...workMethods,
  ...machineMethods,
  ...shareMethods,

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
