import { join } from 'node:path'
import type { EngineContext } from './context.ts'
import { setupProcessId } from './workspaces/setup.ts'

const STOP_GRACE_MS = 5000

/**
 * Compares what is really there with what the store knows, and ends what belongs to nothing: processes of sessions that are
 * gone, work trees of workspaces that were never recorded (after a snapshot), snapshots that are past their time.
 */
export async function reap(
  context: EngineContext,
): Promise<{ processes: string[]; worktrees: string[]; snapshots: string[]; kept: string[] }> {
  const found = {
    processes: await reapProcesses(context),
    worktrees: [] as string[],
    snapshots: [] as string[],
    kept: [] as string[],
  }
  for (const project of await context.db.selectFrom('projects').selectAll().execute()) {
    const runner = await context.machines.runner('local')
    if (!(await runner.call('fs.stat', { path: project.path }))) continue
    found.worktrees.push(...(await reapWorktrees(context, project)))
    found.snapshots.push(...(await reapSnapshots(context, project)))
    found.kept.push(...(await reapKept(context, project)))
  }
  if (Object.values(found).some(({ length }) => length > 0))
    context.log('info', 'the reaper ended what belonged to nothing', found)
  return found
}

async function reapProcesses(context: EngineContext): Promise<string[]> {
  const reaped: string[] = []
  const machines = await context.db.selectFrom('machines').select('id').execute()
  for (const { id: machineId } of machines) {
    const runner = await context.machines.runner(machineId)
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
      await runner.call('process.stop', { id, graceMs: STOP_GRACE_MS })
      await runner.call('process.forget', { id })
      reaped.push(id)
    }
  }
  return reaped
}

async function reapWorktrees(
  context: EngineContext,
  project: { id: string; path: string; name: string },
): Promise<string[]> {
  const reaped: string[] = []
  const runner = await context.machines.runner('local')
  const known = new Set(
    (await context.db.selectFrom('workspaces').select('path').where('state', '<>', 'removed').execute()).map(
      ({ path }) => path,
    ),
  )
  for (const { path, branch, missing } of await runner.call('git.listWorkspaces', {
    repo: project.path,
    under: join(context.home, 'workspaces'),
  })) {
    if (known.has(path)) continue
    const ref = `refs/skein/trash/orphan-${path.split('/').at(-1)}`
    if (!missing)
      await runner.call('git.snapshot', { path, ref, message: `Found at ${path}, belonging to no workspace` })
    await runner.call('git.removeWorkspace', {
      repo: project.path,
      path,
      deleteBranch: false,
      trash: join(context.home, 'trash'),
      ...(branch === null ? {} : { branch }),
      ...(missing ? {} : { snapshotRef: ref }),
    })
    reaped.push(path)
  }
  return reaped
}

async function reapSnapshots(context: EngineContext, project: { path: string }): Promise<string[]> {
  const reaped: string[] = []
  const runner = await context.machines.runner('local')
  const before = context.clock.now() - context.settings.trashMs
  for (const { ref, at } of await runner.call('git.listRefs', { repo: project.path, prefix: 'refs/skein/trash/' })) {
    const row = await context.db
      .selectFrom('workspaces')
      .select(['id', 'removed_at'])
      .where('snapshot_ref', '=', ref)
      .executeTakeFirst()
    if ((row?.removed_at ?? at) > before) continue
    await runner.call('git.deleteRef', { repo: project.path, ref })
    if (row) await context.db.updateTable('workspaces').set({ snapshot_ref: null }).where('id', '=', row.id).execute()
    reaped.push(ref)
  }
  return reaped
}

/** What was kept of the turns and the discards of a workspace goes when the workspace cannot be restored any more. */
async function reapKept(context: EngineContext, project: { path: string }): Promise<string[]> {
  const reaped: string[] = []
  const runner = await context.machines.runner('local')
  const rows = await context.db.selectFrom('workspaces').select(['id', 'state', 'snapshot_ref']).execute()
  const kept = new Set(rows.flatMap(({ id, state, snapshot_ref }) => (state !== 'removed' || snapshot_ref ? [id] : [])))
  for (const prefix of ['refs/skein/turns/', 'refs/skein/discard/']) {
    for (const { ref } of await runner.call('git.listRefs', { repo: project.path, prefix })) {
      const [workspaceId = ''] = ref.slice(prefix.length).split('/')
      if (kept.has(workspaceId)) continue
      await runner.call('git.deleteRef', { repo: project.path, ref })
      reaped.push(ref)
    }
  }
  return reaped
}
