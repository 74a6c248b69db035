import { join } from 'node:path'
import { type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { processId } from '../sessions/journal.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { setupProcessId } from './setup.ts'

/** How a workspace goes: written down before anything is done, so that a crash in the middle goes on. */
export interface RemovePlan {
  /** Commit everything to the branch and leave the branch. */
  keepBranch: boolean
}

export const trashRef = (workspaceId: string) => `refs/skein/trash/${workspaceId}`

/**
 * Takes a workspace away. What it holds goes into a snapshot first, always; the folder is renamed away at once and its space
 * freed behind. Each part may be repeated.
 */
export async function removeWorkspace(context: EngineContext, workspace: WorkspaceTable): Promise<void> {
  const project = await context.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', workspace.project_id)
    .executeTakeFirstOrThrow()
  const plan = JSON.parse(workspace.removal ?? '{"keepBranch":false}') as RemovePlan
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  await context.work.endWorkspace(workspace)
  const there = await runner.call('fs.stat', { path: workspace.path })
  let snapshotRef = workspace.snapshot_ref
  if (there && workspace.base !== null) {
    if (plan.keepBranch) await runner.call('git.commit', { path: workspace.path, message: `Work of ${workspace.name}` })
    snapshotRef = trashRef(workspace.id)
    await runner.call('git.snapshot', {
      path: workspace.path,
      ref: snapshotRef,
      message: `Workspace ${workspace.name}`,
    })
    await context.db
      .updateTable('workspaces')
      .set({ snapshot_ref: snapshotRef })
      .where('id', '=', workspace.id)
      .execute()
  }
  await runner.call('git.removeWorkspace', {
    repo: project.path,
    path: workspace.path,
    branch: workspace.branch,
    deleteBranch: !plan.keepBranch && !workspace.existing_branch,
    trash: join(context.home, 'trash'),
    ...(snapshotRef === null ? {} : { snapshotRef }),
  })
  await forgetProcesses(context, runner, workspace.id)
  await context.db
    .updateTable('workspaces')
    .set({ state: 'removed', removed_at: context.clock.now(), snapshot_ref: snapshotRef })
    .where('id', '=', workspace.id)
    .execute()
  context.changes.workspace(workspace.id)
}

/** Journals go with their workspace: what they said is in the transcripts. */
async function forgetProcesses(context: EngineContext, runner: RunnerClient, workspaceId: string): Promise<void> {
  const sessions = await context.db
    .selectFrom('sessions')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .execute()
  for (const id of [setupProcessId(workspaceId), ...sessions.map((session) => processId(session.id))]) {
    await runner.call('process.stop', { id, graceMs: 1000 })
    await runner.call('process.forget', { id })
  }
}

/** Brings a removed workspace back, with HEAD, branch, index and files as they were. */
export async function restoreWorkspace(context: EngineContext, workspace: WorkspaceTable): Promise<void> {
  if (workspace.state !== 'removed') throw new SkeinError('conflict', `${workspace.name} is not removed`)
  if (workspace.snapshot_ref === null) {
    throw new SkeinError('not_found', `nothing was kept of ${workspace.name}`, {
      next: `Snapshots are kept for ${Math.round(context.settings.trashMs / 86_400_000)} days.`,
    })
  }
  const taken = await context.db
    .selectFrom('workspaces')
    .select('id')
    .where('name', '=', workspace.name)
    .where('state', '<>', 'removed')
    .executeTakeFirst()
  if (taken)
    throw new SkeinError('conflict', `there is another workspace ${workspace.name} now`, {
      next: 'Remove that one first.',
    })
  const project = await context.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', workspace.project_id)
    .executeTakeFirstOrThrow()
  const runner = await context.machines.runner(workspace.machine_id)
  await runner.call('git.restore', {
    repo: project.path,
    path: workspace.path,
    ref: workspace.snapshot_ref,
    branch: workspace.branch,
  })
  await context.db
    .updateTable('workspaces')
    .set({ state: 'ready', removed_at: null, removal: null, problem: null, port: await freePort(context, workspace) })
    .where('id', '=', workspace.id)
    .execute()
  await runner.call('git.deleteRef', { repo: project.path, ref: workspace.snapshot_ref })
  await context.db.updateTable('workspaces').set({ snapshot_ref: null }).where('id', '=', workspace.id).execute()
  context.changes.workspace(workspace.id)
}

/** Its old ports if nobody else has them now. */
async function freePort(context: EngineContext, workspace: WorkspaceTable): Promise<number | null> {
  if (workspace.port === null) return null
  const taken = await context.db
    .selectFrom('workspaces')
    .select('id')
    .where('port', '=', workspace.port)
    .where('machine_id', '=', workspace.machine_id)
    .where('state', '<>', 'removed')
    .executeTakeFirst()
  return taken ? null : workspace.port
}

/** What would be lost if it were not for the snapshot; empty: nothing that is not elsewhere too. */
export async function unsavedWork(context: EngineContext, workspace: WorkspaceTable): Promise<string[]> {
  if (workspace.base === null) return []
  const runner = await context.machines.runner(workspace.machine_id)
  if (!(await runner.call('fs.stat', { path: workspace.path }))) return []
  const status = await runner.call('git.status', { path: workspace.path, base: workspace.base })
  const found: string[] = []
  const count = (n: number, one: string, many: string) => {
    if (n > 0) found.push(`${n} ${n === 1 ? one : many}`)
  }
  count(status.staged + status.unstaged + status.unmerged, 'uncommitted change', 'uncommitted changes')
  count(status.untracked, 'untracked file', 'untracked files')
  count(
    Math.min(status.unpushed, status.ahead),
    'commit that is on no other branch',
    'commits that are on no other branch',
  )
  return found
}
