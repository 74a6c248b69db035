import { setTimeout } from 'node:timers/promises'
import { type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'
import type { Report } from './report.ts'

/** Time for the rest of a log to come, after what it is about has ended. */
export const LOG_END_MS = 1_000

/** Waits until a workspace is made, telling of its steps. Throws why when it could not be made. */
export async function awaitWorkspace(api: SkeinApi, workspace: Workspace, report: Report): Promise<Workspace> {
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  const logged = tellLog(api, workspace, report, stop.signal)
  try {
    const made = await madeWorkspace(api, workspace, report, stop.signal)
    if (made.state !== 'failed') return made
    // What was printed last says why; the log ends by itself.
    await Promise.race([logged, setTimeout(LOG_END_MS, undefined, { signal: stop.signal })])
    throw failure(made)
  } finally {
    process.off('SIGINT', onInterrupt)
    stop.abort()
    await logged
    report.close()
  }
}

async function madeWorkspace(
  api: SkeinApi,
  workspace: Workspace,
  report: Report,
  signal: AbortSignal,
): Promise<Workspace> {
  report.workspace(workspace)
  if (workspace.state !== 'creating') return workspace
  for await (const change of api.subscribe('changes', { workspaceId: workspace.id }, signal)) {
    if (change.type !== 'workspace' || change.workspace.id !== workspace.id) continue
    report.workspace(change.workspace)
    if (change.workspace.state !== 'creating') return change.workspace
  }
  throw new SkeinError('cancelled', `${workspace.name} is still being made`, {
    next: `Look at it with: skein show ${workspace.name}`,
  })
}

async function tellLog(api: SkeinApi, workspace: Workspace, report: Report, signal: AbortSignal): Promise<void> {
  try {
    for await (const { step, text } of api.subscribe('workspaces.log', { workspaceId: workspace.id }, signal)) {
      report.log(step, text)
    }
  } catch (error) {
    // The log is a courtesy; what matters comes with the workspace itself.
    if (!(error instanceof SkeinError)) throw error
  }
}

/** Why a workspace could not be made. */
export function failure(workspace: Workspace): SkeinError {
  const failed = workspace.steps.find((step) => step.state === 'failed')
  const why = workspace.problem?.message ?? failed?.note ?? 'it could not be made'
  return new SkeinError('conflict', `workspace ${workspace.name}: ${why}`, {
    next: workspace.problem?.next ?? `Read the log with: skein logs ${workspace.name} --setup`,
    details: { workspaceId: workspace.id, ...(failed ? { step: failed.name } : {}) },
  })
}
