import { type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { baseRef, bringHome } from '../machines/bring-project.ts'
import { commitAt, type Place } from '../machines/carry.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { repositoryOf, trashOf } from '../machines/places.ts'
import { processId } from '../sessions/journal.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { checkoutRepositories, removeRepositories } from './repositories.ts'
import { setupProcessId } from './setup.ts'
import { beginAgain } from './steps.ts'

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
  if (await neverWasThere(context, workspace)) {
    await context.machines.destroy(workspace.machine_id)
    return gone(context, workspace, null)
  }
  const plan = JSON.parse(workspace.removal ?? '{"keepBranch":false}') as RemovePlan
  // What it holds is kept first.
  if ((await context.machines.row(workspace.machine_id))?.state === 'stopped')
    await context.machines.start(workspace.machine_id)
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  await context.work.endWorkspace(workspace)
  const there = await runner.call('fs.stat', { path: workspace.path })
  if (there) await removeRepositories(context, runner, workspace, plan.keepBranch)
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
  const place = { runner, repo: repositoryOf(context, project, workspace, runner) }
  if (workspace.machine_id !== HOME_MACHINE && there && snapshotRef !== null)
    await bringWorkHome(context, project, workspace, place, snapshotRef, plan)
  // A checkout that came with its machine goes with it, or is whoever's made it.
  const hasClone =
    workspace.machine_id === HOME_MACHINE || (await runner.call('fs.stat', { path: place.repo })) !== null
  if (Number(workspace.in_place) === 0 && hasClone)
    await runner.call('git.removeWorkspace', {
      repo: place.repo,
      path: workspace.path,
      branch: workspace.branch,
      deleteBranch: workspace.machine_id !== HOME_MACHINE || (!plan.keepBranch && !workspace.existing_branch),
      trash: trashOf(context, workspace.machine_id, runner),
      ...(snapshotRef === null ? {} : { snapshotRef }),
    })
  await forgetProcesses(context, runner, workspace.id)
  if (workspace.machine_id !== HOME_MACHINE) await endMachineOf(context, workspace, place, snapshotRef)
  await gone(context, workspace, snapshotRef)
}

/** Its machine was not made, or not far enough for it to have a place there: nothing can be in it. */
async function neverWasThere(context: EngineContext, workspace: WorkspaceTable): Promise<boolean> {
  const machine = await context.machines.row(workspace.machine_id)
  if (machine && !(await context.machines.isOwn(machine.id))) return false
  return !machine || machine.state === 'wanted' || machine.state === 'gone' || !workspace.path.startsWith('/')
}

async function gone(context: EngineContext, workspace: WorkspaceTable, snapshotRef: string | null): Promise<void> {
  await context.db
    .updateTable('workspaces')
    .set({ state: 'removed', removed_at: context.clock.now(), snapshot_ref: snapshotRef })
    .where('id', '=', workspace.id)
    .execute()
  context.changes.workspace(workspace.id)
}

/** What a workspace on another machine holds is kept at home: the machine may be gone when somebody wants it back. */
async function bringWorkHome(
  context: EngineContext,
  project: Store['projects'],
  workspace: WorkspaceTable,
  place: Place,
  snapshotRef: string,
  plan: RemovePlan,
): Promise<void> {
  const snapshot = await commitAt(place, snapshotRef)
  if (!snapshot) throw new SkeinError('internal', `the snapshot of ${workspace.name} is not on its machine`)
  const { head } = await place.runner.call('git.inspect', { path: workspace.path })
  const branch = plan.keepBranch && head !== null ? { [`refs/heads/${workspace.branch}`]: head } : {}
  await bringHome(context, project, place, { [snapshotRef]: snapshot, ...branch })
}

/** A machine of the workspace's own is destroyed; on a shared one only the refs that served the workspace go. */
export async function endMachineOf(
  context: EngineContext,
  workspace: WorkspaceTable,
  { runner, repo }: Place,
  snapshotRef: string | null,
): Promise<void> {
  if (!(await context.machines.row(workspace.machine_id))) return
  if (await context.machines.isOwn(workspace.machine_id)) {
    const others = await context.db
      .selectFrom('workspaces')
      .select('id')
      .where('machine_id', '=', workspace.machine_id)
      .where('id', '<>', workspace.id)
      .where('state', '<>', 'removed')
      .executeTakeFirst()
    if (!others) await context.machines.destroy(workspace.machine_id)
    return
  }
  if (!(await runner.call('fs.stat', { path: repo }))) return
  for (const ref of [baseRef(workspace.id), ...(snapshotRef === null ? [] : [snapshotRef])])
    await runner.call('git.deleteRef', { repo, ref })
}

/** Journals go with their workspace: what they said is in the transcripts. */
export async function forgetProcesses(
  context: EngineContext,
  runner: RunnerClient,
  workspaceId: string,
): Promise<void> {
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
  if (workspace.machine_id !== HOME_MACHINE) return restoreElsewhere(context, workspace, workspace.snapshot_ref)
  const runner = await context.machines.runner(workspace.machine_id)
  await runner.call('git.restore', {
    repo: project.path,
    path: workspace.path,
    ref: workspace.snapshot_ref,
    branch: workspace.branch,
  })
  await checkoutRepositories(context, runner, workspace)
  await context.db
    .updateTable('workspaces')
    .set({ state: 'ready', removed_at: null, removal: null, problem: null, port: await freePort(context, workspace) })
    .where('id', '=', workspace.id)
    .execute()
  await runner.call('git.deleteRef', { repo: project.path, ref: workspace.snapshot_ref })
  await context.db.updateTable('workspaces').set({ snapshot_ref: null }).where('id', '=', workspace.id).execute()
  context.changes.workspace(workspace.id)
}

/** On another machine it is made again by the same steps, from the snapshot that is kept at home. */
async function restoreElsewhere(context: EngineContext, workspace: WorkspaceTable, snapshotRef: string): Promise<void> {
  const own = await context.machines.isOwn(workspace.machine_id)
  const port = await freePort(context, workspace)
  await context.db.transaction().execute(async (tx) => {
    await tx
      .updateTable('workspaces')
      .set({
        state: 'creating',
        from_ref: snapshotRef,
        removed_at: null,
        removal: null,
        problem: null,
        in_place: 0,
        ...(own ? { path: workspace.name } : {}),
        port,
      })
      .where('id', '=', workspace.id)
      .execute()
    await beginAgain(tx, workspace.id)
  })
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
  if (workspace.base === null || (await neverWasThere(context, workspace))) return []
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
