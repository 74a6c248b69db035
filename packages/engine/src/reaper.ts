import { join } from 'node:path'
import type { RunnerClient } from '@skein/protocol'
import type { EngineContext } from './context.ts'
import { HOME_MACHINE } from './machines/machines.ts'
import { cacheOf, rootOn, trashOf } from './machines/places.ts'
import { repositoryPaths } from './workspaces/repositories.ts'
import { setupProcessId } from './workspaces/setup.ts'

const STOP_GRACE_MS = 5000

/**
 * Compares what is really there with what the store knows, and ends what belongs to nothing: processes of sessions that are
 * gone, work trees of workspaces that were never recorded (after a snapshot), snapshots that are past their time.
 *
 * @param dryRun look, and end nothing: the answer is what would be ended
 */
export async function reap(context: EngineContext, dryRun = false): Promise<Reaped> {
  const found = await reapWhatIsThere(context, dryRun)
  found.machines.push(...(await endMachines(context, dryRun)))
  found.machines.push(...(await context.machines.reap(dryRun)))
  if (!dryRun && Object.values(found).some(({ length }) => length > 0))
    context.log('info', 'the reaper ended what belonged to nothing', { ...found })
  return found
}

/** The same on the machines that are connected, without asking providers for others. */
export async function reapWhatIsThere(context: EngineContext, dryRun = false): Promise<Reaped> {
  const found: Reaped = { processes: [], worktrees: [], snapshots: [], kept: [], machines: [] }
  const projects = await context.db.selectFrom('projects').selectAll().execute()
  for (const { id: machineId } of await context.db.selectFrom('machines').select('id').execute()) {
    // Nobody is connected to for this: what is out of reach is looked through when something needs the machine again.
    const runner =
      machineId === HOME_MACHINE
        ? await context.machines.runner(machineId)
        : await context.machines.connected(machineId)
    if (!runner) continue
    found.processes.push(...(await reapProcesses(context, runner, dryRun)))
    for (const project of projects) {
      const repo = machineId === HOME_MACHINE ? project.path : cacheOf(context, project, machineId, runner)
      if (!(await runner.call('fs.stat', { path: repo }))) continue
      const place = { machineId, runner, repo, dryRun }
      found.worktrees.push(...(await reapWorktrees(context, place)))
      found.snapshots.push(...(await reapSnapshots(context, place)))
      found.kept.push(...(await reapKept(context, place)))
    }
  }
  return found
}

export interface Reaped {
  processes: string[]
  worktrees: string[]
  snapshots: string[]
  kept: string[]
  machines: string[]
}

/** A clone on a machine that is looked through. */
interface Searched {
  machineId: string
  runner: RunnerClient
  repo: string
  dryRun: boolean
}

/** Machines whose end could not be confirmed when it was asked for. */
async function endMachines(context: EngineContext, dryRun: boolean): Promise<string[]> {
  const ended: string[] = []
  const ending = await context.db.selectFrom('machines').select('id').where('state', '=', 'ending').execute()
  for (const { id } of ending) {
    try {
      if (!dryRun) await context.machines.destroy(id)
      ended.push(id)
    } catch (error) {
      context.log('warn', 'a machine could not be ended', { machineId: id, error: String(error) })
    }
  }
  return ended
}

async function reapProcesses(context: EngineContext, runner: RunnerClient, dryRun: boolean): Promise<string[]> {
  const reaped: string[] = []
  // Before what is known is read: whatever begins meanwhile is not among these.
  const running = await runner.call('process.list', {})
  const sessions = await context.db
    .selectFrom('sessions')
    .innerJoin('workspaces', 'workspaces.id', 'sessions.workspace_id')
    .select('sessions.id')
    .where('workspaces.state', '<>', 'removed')
    .execute()
  const setups = await context.db.selectFrom('workspaces').select('id').where('state', '<>', 'removed').execute()
  const known = new Set([
    ...sessions.map(({ id }) => `agent-${id}`),
    ...setups.map(({ id }) => setupProcessId(id)),
    ...(await context.work.knownProcesses()),
  ])
  for (const { id } of running) {
    if (known.has(id) || !/^(agent|setup|check|service)-/.test(id)) continue
    reaped.push(id)
    if (dryRun) continue
    await runner.call('process.stop', { id, graceMs: STOP_GRACE_MS })
    await runner.call('process.forget', { id })
  }
  return reaped
}

async function reapWorktrees(context: EngineContext, { machineId, runner, repo, dryRun }: Searched): Promise<string[]> {
  const reaped: string[] = []
  const known = new Set(
    (await context.db.selectFrom('workspaces').select('path').where('state', '<>', 'removed').execute()).map(
      ({ path }) => path,
    ),
  )
  for (const path of await repositoryPaths(context)) known.add(path)
  for (const { path, branch, missing } of await runner.call('git.listWorkspaces', {
    repo,
    under: join(rootOn(context, machineId, runner), 'workspaces'),
  })) {
    if (known.has(path)) continue
    reaped.push(path)
    if (dryRun) continue
    const ref = `refs/skein/trash/orphan-${path.split('/').at(-1)}`
    if (!missing)
      await runner.call('git.snapshot', { path, ref, message: `Found at ${path}, belonging to no workspace` })
    await runner.call('git.removeWorkspace', {
      repo,
      path,
      deleteBranch: false,
      trash: trashOf(context, machineId, runner),
      ...(branch === null ? {} : { branch }),
      ...(missing ? {} : { snapshotRef: ref }),
    })
  }
  return reaped
}

async function reapSnapshots(context: EngineContext, { runner, repo, dryRun }: Searched): Promise<string[]> {
  const reaped: string[] = []
  const before = context.clock.now() - context.settings.trashMs
  for (const { ref, at } of await runner.call('git.listRefs', { repo, prefix: 'refs/skein/trash/' })) {
    const row = await context.db
      .selectFrom('workspaces')
      .select(['id', 'removed_at'])
      .where('snapshot_ref', '=', ref)
      .executeTakeFirst()
    if ((row?.removed_at ?? at) > before) continue
    reaped.push(ref)
    if (dryRun) continue
    await runner.call('git.deleteRef', { repo, ref })
    if (row) await context.db.updateTable('workspaces').set({ snapshot_ref: null }).where('id', '=', row.id).execute()
  }
  return reaped
}

/** What was kept of the turns and the discards of a workspace goes when the workspace cannot be restored any more. */
async function reapKept(context: EngineContext, { runner, repo, dryRun }: Searched): Promise<string[]> {
  const reaped: string[] = []
  const rows = await context.db.selectFrom('workspaces').select(['id', 'state', 'snapshot_ref']).execute()
  const kept = new Set(rows.flatMap(({ id, state, snapshot_ref }) => (state !== 'removed' || snapshot_ref ? [id] : [])))
  for (const prefix of ['refs/skein/turns/', 'refs/skein/discard/']) {
    for (const { ref } of await runner.call('git.listRefs', { repo, prefix })) {
      const [workspaceId = ''] = ref.slice(prefix.length).split('/')
      if (kept.has(workspaceId)) continue
      if (!dryRun) await runner.call('git.deleteRef', { repo, ref })
      reaped.push(ref)
    }
  }
  return reaped
}
