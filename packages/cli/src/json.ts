import {
  Ask,
  Check,
  Envelope,
  ErrorBody,
  FileChange,
  Finding,
  GitStatus,
  MachineInfo,
  MachineKind,
  MachineResources,
  Monitored,
  Project,
  RepositoryScript,
  Service,
  Share,
  ShareVisit,
  ShareWay,
  StepName,
  StopReason,
  Workspace,
  WorkspaceStep,
} from '@skein/protocol'
import * as z from 'zod'

const line = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape })

/** How one request of a batch ended; see docs/batch.md. */
const RequestOutcome = z.object({
  index: z.number().int(),
  id: z.string(),
  tag: z.string().optional(),
  status: z.enum(['succeeded', 'failed', 'unknown', 'cancelled', 'timed_out', 'not_started']),
  text: z.string(),
  structured: z.unknown().optional(),
  error: z
    .object({
      class: z.string(),
      code: z.string(),
      message: z.string(),
      next: z.string().optional(),
      resetsAt: z.number().optional(),
    })
    .optional(),
  attempts: z.number().int(),
  costUsd: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  workspaceId: z.string().optional(),
  workspace: z.string().optional(),
  branch: z.string().optional(),
  sessionId: z.string().optional(),
  files: z.array(z.object({ path: z.string(), status: z.string(), added: z.number(), deleted: z.number() })),
  left: z.enum(['workspace', 'branch', 'nothing']).optional(),
})

/** The lines that `--json` writes: one object a line. `docs/cli.md` says which command writes which. */
export const JsonLine = z.discriminatedUnion('type', [
  line('workspace', { workspace: Workspace }),
  line('workspace_gone', { workspaceId: z.string() }),
  line('git', { workspaceId: z.string(), git: GitStatus, files: z.array(FileChange) }),
  line('step', { workspaceId: z.string(), step: WorkspaceStep }),
  line('log', { workspaceId: z.string(), step: StepName, text: z.string() }),
  line('event', { envelope: Envelope }),
  line('ask', { ask: Ask, next: z.string().optional() }),
  line('answer', { counted: z.boolean(), ask: Ask }),
  line('prompt', { workspaceId: z.string(), sessionId: z.string(), messageId: z.string() }),
  line('interrupt', { sessionId: z.string(), interrupted: z.boolean() }),
  line('notice', {
    severity: z.enum(['info', 'warning', 'error']),
    title: z.string(),
    detail: z.string().optional(),
  }),
  /** The workspace's machine went out of reach while its agent was at work, or is back. */
  line('link', {
    workspaceId: z.string(),
    machine: z.string(),
    state: z.enum(['reconnecting', 'connected']),
    because: z.string().optional(),
    since: z.number().optional(),
  }),
  line('result', {
    workspaceId: z.string(),
    workspace: z.string(),
    sessionId: z.string(),
    branch: z.string(),
    /** Absent when no turn ended, e.g. because an ask waits. */
    stopReason: StopReason.optional(),
    result: z.string().optional(),
    structuredOutput: z.unknown().optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    files: z.array(FileChange),
    cost: z.number(),
    durationMs: z.number(),
    /** What is there now: the workspace, only its branch, or nothing (restorable). */
    left: z.enum(['workspace', 'branch', 'nothing']),
    /** Where the patch was written. */
    patch: z.string().optional(),
    exitCode: z.number().int(),
  }),
  line('detached', { workspaceId: z.string(), workspace: z.string(), next: z.string() }),
  line('diff', { workspaceId: z.string(), tree: z.string(), patch: z.string() }),
  line('change', { workspaceId: z.string(), file: FileChange }),
  line('apply', {
    workspaceId: z.string(),
    applied: z.boolean(),
    check: z.boolean(),
    conflicts: z.array(z.string()),
    files: z.number().int(),
    commit: z.string().optional(),
    message: z.string().optional(),
  }),
  line('project', { project: Project }),
  line('script', { projectId: z.string(), trusted: z.boolean(), script: RepositoryScript }),
  line('check', { check: Check }),
  line('service', { service: Service }),
  line('share', { share: Share }),
  line('share_gone', { workspaceId: z.string(), shareId: z.string() }),
  line('visit', { shareId: z.string(), visit: ShareVisit }),
  line('way', { way: ShareWay }),
  /** What a check or a service printed; `offset` counts characters from its beginning. */
  line('output', {
    workspaceId: z.string(),
    name: z.string(),
    offset: z.number().int(),
    text: z.string(),
    epoch: z.number().int().optional(),
  }),
  /** `machineId`: where; absent for this computer as a whole. */
  line('finding', { finding: Finding, machineId: z.string().optional() }),
  line('machine', { machine: MachineInfo }),
  /** What the project’s own monitor says, for a workspace. */
  line('monitor', { workspaceId: z.string(), monitored: Monitored }),
  line('machine_gone', { machineId: z.string() }),
  line('kind', { kind: MachineKind }),
  line('resources', {
    machineId: z.string(),
    resources: MachineResources.extend({
      processes: z.array(z.object({ id: z.string(), rssBytes: z.number(), cpuMs: z.number() })),
    }),
  }),
  /** A command of this computer that opens a shell there. */
  line('shell', { machineId: z.string(), argv: z.array(z.string()), env: z.record(z.string(), z.string()) }),
  /** What the reaper ended, or would end. */
  line('reaped', {
    kind: z.enum(['processes', 'worktrees', 'snapshots', 'kept', 'machines']),
    name: z.string(),
    dryRun: z.boolean(),
  }),
  line('batch', { batchId: z.string(), requests: z.number().int(), done: z.number().int(), record: z.string() }),
  line('request', {
    state: z.enum(['planned', 'started', 'retrying', 'ended']),
    index: z.number().int(),
    id: z.string(),
    attempt: z.number().int(),
    tag: z.string().optional(),
    /** Begun by an earlier process, and found again. */
    followed: z.boolean().optional(),
    error: RequestOutcome.shape.error,
    /** When it is tried again. */
    at: z.number().optional(),
    outcome: RequestOutcome.optional(),
    where: z.string().optional(),
    prompt: z.string().optional(),
  }),
  line('batch_state', {
    state: z.enum(['parked', 'resumed', 'stopping']),
    until: z.number().optional(),
    because: z.string().optional(),
  }),
  line('report', {
    report: z.object({
      batchId: z.string(),
      outcomes: z.array(RequestOutcome),
      counts: z.record(RequestOutcome.shape.status, z.number()),
      costUsd: z.number(),
      durationMs: z.number(),
      stopped: z.object({ because: z.string(), message: z.string() }).optional(),
      ok: z.boolean(),
    }),
    exitCode: z.number().int(),
  }),
  line('image', { tag: z.string(), id: z.string(), built: z.boolean(), bytes: z.number() }),
  line('fly_image', { image: z.string(), exact: z.string(), pushed: z.boolean() }),
  line('server', {
    running: z.boolean(),
    version: z.string().optional(),
    pid: z.number().optional(),
    home: z.string().optional(),
    startedAt: z.number().optional(),
    working: z.number().optional(),
    openAsks: z.number().optional(),
    /** Where the web app is, if it is up. */
    url: z.string().optional(),
  }),
  line('web', {
    url: z.string(),
    /** Signs one browser in, once. */
    link: z.string(),
    pid: z.number(),
    already: z.boolean(),
  }),
  line('error', { error: ErrorBody, exitCode: z.number().int() }),
])
export type JsonLine = z.infer<typeof JsonLine>
