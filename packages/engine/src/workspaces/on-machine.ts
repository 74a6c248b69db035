import { join } from 'node:path'
import { type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { homeOf } from '../machines/bring-project.ts'
import { carryCommits, commitAt } from '../machines/carry.ts'
import { handOut } from '../machines/hand-out.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { rootOn } from '../machines/places.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import type { StepResult } from './maker.ts'

type ProjectRow = Store['projects']

/** Makes the machine, where it is the workspace's own, and settles where on it the workspace lies. Safe to repeat. */
export async function readyMachine(
  context: EngineContext,
  project: ProjectRow,
  asked: WorkspaceTable,
): Promise<StepResult> {
  if (asked.machine_id === HOME_MACHINE) return { note: 'this computer' }
  const waiting = await handOut(context, asked)
  const workspace = waiting === undefined ? asked : { ...asked, machine_id: waiting }
  const row = await context.machines.row(workspace.machine_id)
  if (!row) throw new SkeinError('not_found', `there is no machine ${workspace.machine_id} any more`)
  const own = await context.machines.isOwn(row.id)
  const machine = own
    ? await context.machines.make(workspace.machine_id, {
        name: workspace.name,
        branch: workspace.branch,
        project: { id: project.id, name: project.name, path: project.path },
      })
    : await context.machines.machine(workspace.machine_id)
  const runner = await context.machines.runner(workspace.machine_id)
  const checkout = machine.checkout?.()
  const path = checkout ?? placeFor(context, project, workspace, runner)
  if (path !== workspace.path)
    await context.db
      .updateTable('workspaces')
      .set({ path, in_place: checkout === undefined ? 0 : 1 })
      .where('id', '=', workspace.id)
      .execute()
  const { platform, arch } = runner.hello
  const from = waiting === undefined ? '' : ', from the pool'
  return { note: `${own ? machine.record.name : workspace.machine_id} (${platform} ${arch})${from}` }
}

/** A machine that could not be made for its workspace is not left behind half made. */
export async function giveUpMachine(context: EngineContext, workspaceId: string): Promise<void> {
  const workspace = await context.db
    .selectFrom('workspaces')
    .select('machine_id')
    .where('id', '=', workspaceId)
    .executeTakeFirstOrThrow()
  const row = await context.machines.row(workspace.machine_id)
  if (!row || !(await context.machines.isOwn(row.id))) return
  // What cannot be ended now is listed with its problem, and the reaper tries again.
  await context.machines.destroy(row.id).catch((error: unknown) =>
    context.log('warn', 'a machine that was not finished could not be ended', {
      machineId: row.id,
      error: String(error),
    }),
  )
}

/** Where a work tree of ours lies on a machine; `freePlace` has seen to it that nobody else's does. */
export function placeFor(
  context: EngineContext,
  project: Pick<ProjectRow, 'name'>,
  workspace: Pick<WorkspaceTable, 'machine_id' | 'path' | 'name'>,
  runner: RunnerClient,
): string {
  if (workspace.path.startsWith('/')) return workspace.path
  return join(rootOn(context, workspace.machine_id, runner), 'workspaces', project.name, workspace.path)
}

/** The machine came with a checkout: what it stands on is what there is. */
export async function checkoutInPlace(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
): Promise<StepResult> {
  const found = await runner.call('git.inspect', { path: workspace.path })
  if (found.kind !== 'worktree' || found.head === null)
    throw new SkeinError('conflict', `${workspace.path} on ${workspace.machine_id} is no checkout with a commit`, {
      next: 'Let the provision script clone the repository and check out FLIGHT_BRANCH there.',
    })
  if (workspace.from_ref !== null) return restoreBeside(context, runner, project, workspace, workspace.from_ref)
  const branch = found.branch ?? workspace.branch
  const home = await homeOf(context, project)
  const wanted =
    workspace.base ?? (await home.runner.call('git.resolve', { repo: home.repo, ref: workspace.base_ref })).commit
  // What the script checked out may be older or newer than what is here; changes are told against what both have.
  const base = await runner.call('git.resolve', { repo: workspace.path, ref: wanted }).then(
    ({ commit }) => commit,
    () => found.head as string,
  )
  await context.db
    .updateTable('workspaces')
    .set({ branch, base, path: found.root ?? workspace.path })
    .where('id', '=', workspace.id)
    .execute()
  return { note: `${branch} at ${found.head.slice(0, 9)}, as the machine came` }
}

/** A snapshot comes back as a work tree beside the checkout that the machine came with, which makes room on the branch. */
async function restoreBeside(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
  ref: string,
): Promise<StepResult> {
  const checkout = { runner, repo: workspace.path }
  const home = await homeOf(context, project)
  const kept = await commitAt(home, ref)
  if (kept !== undefined) await carryCommits(home, checkout, { [ref]: kept })
  await runner.call('exec', { argv: ['git', '-C', workspace.path, 'checkout', '--quiet', '--detach'] })
  const path = join(rootOn(context, workspace.machine_id, runner), 'workspaces', project.name, workspace.name)
  const restored = await runner.call('git.restore', { repo: workspace.path, path, ref, branch: workspace.branch })
  await context.db.updateTable('workspaces').set({ path }).where('id', '=', workspace.id).execute()
  return { note: `${restored.branch}, as it was` }
}
