import type { AgentEventOf, FileChange, Workspace } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import type { Artifact, RunEvent, RunResult } from '../run/result.ts'
import { startRun } from '../run/start.ts'
import type { Skein } from '../skein.ts'
import { type BatchFailure, failureOfError, failureOfRun } from './failure.ts'
import type { ChangedFile, RequestStatus } from './outcome.ts'
import type { NamedRequest } from './request.ts'

/** How one attempt of a request ended. */
export interface AttemptEnd {
  status: Exclude<RequestStatus, 'not_started'>
  text: string
  structured?: unknown
  failure?: BatchFailure
  costUsd: number
  inputTokens: number
  outputTokens: number
  /** Absent where there is none any more. */
  workspaceId?: string
  workspace?: string
  branch?: string
  sessionId?: string
  files: ChangedFile[]
  artifacts: readonly Artifact[]
}

/** What an attempt works with. */
export interface AttemptContext {
  skein: Skein
  /** The same key is the same attempt: it is begun, or found again and followed to its end. */
  key: string
  /** Interrupts the turn: the attempt ends as `cancelled`. */
  signal: AbortSignal
  onProgress(progress: AttemptProgress): void
}

/** What an attempt is doing, for people. */
export interface AttemptProgress {
  workspaceId?: string
  workspace?: string
  sessionId?: string
  doing: string
  costUsd: number
  /** The provider takes no more requests until then, Unix milliseconds. */
  limitedUntil?: number
}

/** One attempt, from the repository to its end. Where a workspace can be kept, it is still there. Throws where there is no turn to speak of. */
export async function runAttempt(request: NamedRequest, context: AttemptContext): Promise<AttemptEnd> {
  const { skein, key, signal, onProgress } = context
  const { id: _id, tag: _tag, index: _index, recordName: _name, artifacts = [], ...options } = request
  const own = new Set(['changes', ...artifacts] as const)
  const progress: AttemptProgress = { doing: 'starting', costUsd: 0 }
  const emit = (event: RunEvent) => {
    if (!follow(progress, event)) return
    onProgress({ ...progress })
    // Told once.
    delete progress.limitedUntil
    if (event.type === 'prepared')
      void nameOf(skein, event.workspaceId).then((workspace) => {
        if (workspace === undefined) return
        progress.workspace = workspace.name
        onProgress({ ...progress })
      })
  }
  // What is in a temporary home goes with it: there is nothing to find again, and nothing to keep.
  const lasting = skein.parts.keeps ? { key, keep: true } : {}
  const result = await startRun({ ...options, artifacts: [...own], signal, ...lasting }, skein, { emit }).result
  return await endOf(result, request, skein)
}

/** Answers whether there is something new to tell. */
function follow(progress: AttemptProgress, event: RunEvent): boolean {
  switch (event.type) {
    case 'preparing':
      if (event.text !== '') return false
      progress.doing = `preparing: ${event.step}`
      return true
    case 'prepared':
      progress.workspaceId = event.workspaceId
      progress.sessionId = event.sessionId
      progress.doing = 'starting the agent'
      return true
    case 'turn_started':
      progress.doing = 'working'
      return true
    case 'tool_call':
      progress.doing = event.title
      return true
    case 'notice':
      progress.doing = noticed(event)
      return true
    case 'rate_limit':
      if (event.status !== 'rejected' || event.resetsAt === undefined) return false
      progress.doing = 'waiting for a rate limit'
      progress.limitedUntil = event.resetsAt
      return true
    case 'usage_update':
      progress.costUsd = event.cost?.amount ?? progress.costUsd
      return true
    default:
      return false
  }
}

function noticed({ title, retry }: AgentEventOf<'notice'>): string {
  return retry ? `${title} (attempt ${retry.attempt} of ${retry.max})` : title
}

async function endOf(result: RunResult, request: NamedRequest, skein: Skein): Promise<AttemptEnd> {
  const { outcome, text, structured, error, costUsd, usage, workspaceId, sessionId, artifacts, destroyed } = result
  const workspace = destroyed ? undefined : await nameOf(skein, workspaceId)
  const wanted = request.artifacts?.includes('changes') ?? false
  return {
    status: outcome,
    text,
    ...(structured === undefined ? {} : { structured }),
    ...(error ? { failure: failureOfRun(error, Date.now()) } : {}),
    costUsd,
    ...usage,
    ...(workspaceId === '' ? {} : { workspaceId }),
    ...(sessionId === '' ? {} : { sessionId }),
    ...(workspace ? { workspace: workspace.name, branch: workspace.branch } : {}),
    files: artifacts.flatMap(changedFiles),
    artifacts: artifacts.filter(({ type }) => type !== 'changes' || wanted),
  }
}

function changedFiles(artifact: Artifact): ChangedFile[] {
  if (artifact.type !== 'changes') return []
  const folder = artifact.repository === undefined ? '' : `${artifact.repository}/`
  return artifact.files.map(({ path, status, added, deleted }: FileChange) => ({
    path: `${folder}${path}`,
    status,
    added,
    deleted,
  }))
}

async function nameOf({ api }: Skein, workspaceId: string): Promise<Workspace | undefined> {
  if (workspaceId === '') return undefined
  return api.call('workspaces.get', { workspace: workspaceId }).catch(() => undefined)
}

/** An attempt of which no turn came about, by what was thrown. */
export function notMade(error: unknown, cancelled: boolean): AttemptEnd {
  const workspaceId = error instanceof SkeinError ? error.details?.workspaceId : undefined
  return {
    status: cancelled ? 'cancelled' : 'failed',
    text: '',
    failure: failureOfError(error, 'running a request of a batch'),
    costUsd: 0,
    inputTokens: 0,
    outputTokens: 0,
    ...(typeof workspaceId === 'string' ? { workspaceId } : {}),
    files: [],
    artifacts: [],
  }
}
