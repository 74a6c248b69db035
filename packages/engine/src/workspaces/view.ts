import { type Session, SkeinError, type Workspace, type WorkspaceStep } from '@skein/protocol'
import { sql } from 'kysely'
import { viewChecks } from '../checks/view.ts'
import type { EngineContext } from '../context.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { viewSession } from '../sessions/view.ts'
import { explain } from '../status.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { moveOf } from './move.ts'
import { viewRepositories } from './repositories.ts'

/** A workspace with its sessions and its explained status, as clients see it. */
export async function viewWorkspace(context: EngineContext, id: string): Promise<Workspace | undefined> {
  const row = (await context.db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirst()) as
    | WorkspaceTable
    | undefined
  if (!row) return undefined
  const { db } = context
  const [project, steps, sessionRows, asks, checks] = await Promise.all([
    db.selectFrom('projects').select('name').where('id', '=', row.project_id).executeTakeFirstOrThrow(),
    db.selectFrom('steps').selectAll().where('workspace_id', '=', id).orderBy('position').execute(),
    db.selectFrom('sessions').selectAll().where('workspace_id', '=', id).orderBy('created_at').execute(),
    db
      .selectFrom('asks')
      .select(['id', 'title', 'kind', 'created_at'])
      .where('workspace_id', '=', id)
      .where('state', '=', 'open')
      .orderBy('created_at')
      .execute(),
    viewChecks(context, { workspaceId: id }),
  ])
  const sessions: Session[] = []
  for (const session of sessionRows) sessions.push(await viewSession(context, session))
  const stepViews = steps.map(
    (step): WorkspaceStep => ({
      name: step.name as WorkspaceStep['name'],
      state: step.state as WorkspaceStep['state'],
      ...(step.started_at === null ? {} : { startedAt: step.started_at }),
      ...(step.ended_at === null ? {} : { endedAt: step.ended_at }),
      ...(step.note === null ? {} : { note: step.note }),
    }),
  )
  const problem = row.problem === null ? undefined : (JSON.parse(row.problem) as NonNullable<Workspace['problem']>)
  const diff = row.diff === null ? undefined : (JSON.parse(row.diff) as NonNullable<Workspace['diff']>)
  const activeAt = Math.max(row.created_at, row.worked_at ?? 0, await lastHeardOf(context, id))
  return {
    id: row.id,
    projectId: row.project_id,
    projectName: project.name,
    name: row.name,
    branch: row.branch,
    base: row.base ?? '',
    baseRef: row.base_ref,
    machine: row.machine_id,
    path: row.path,
    createdAt: row.created_at,
    activeAt,
    ...(row.ttl_ms === null ? {} : { expiresAt: activeAt + row.ttl_ms }),
    pinned: Number(row.pinned) === 1,
    archived: Number(row.archived) === 1,
    state: row.state,
    steps: stepViews,
    status: explain({
      state: row.state,
      steps: stepViews,
      sessions,
      asks,
      problem,
      changedFiles: diff?.files,
      checks,
      movingTo: moveOf(row)?.to,
      outOfReach: outOfReach(context, row.machine_id),
    }),
    ...(row.port === null ? {} : { port: row.port }),
    ...(await viewRepositories(context, id)),
    sessions,
    openAsks: asks.length,
    ...(diff ? { diff } : {}),
    ...(row.state === 'removed' && row.removed_at !== null && row.snapshot_ref !== null
      ? { restorableUntil: row.removed_at + context.settings.trashMs }
      : {}),
    ...(problem ? { problem } : {}),
  }
}

function outOfReach({ machines }: EngineContext, machineId: string) {
  const link = machines.link(machineId)
  if (!link || link.state === 'connected' || machineId === HOME_MACHINE) return undefined
  return { machine: machineId, because: link.because, since: link.since }
}

/** When a session of a workspace last had an event, or was given something to do. */
async function lastHeardOf({ db }: EngineContext, workspaceId: string): Promise<number> {
  const row = await db
    .selectFrom('sessions')
    .leftJoin('events', (join) =>
      join.onRef('events.session_id', '=', 'sessions.id').onRef('events.seq', '=', 'sessions.seq'),
    )
    .where('workspace_id', '=', workspaceId)
    .select((eb) => [eb.fn.max('sessions.active_at').as('active'), eb.fn.max('events.at').as('event')])
    .executeTakeFirst()
  return Math.max(row?.active ?? 0, row?.event ?? 0)
}

/** Finds a workspace by id, by name, or by a beginning of either that only one has. */
export async function findWorkspace(context: EngineContext, wanted: string): Promise<WorkspaceTable> {
  const { db } = context
  const exact = await db
    .selectFrom('workspaces')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', wanted), eb('name', '=', wanted)]))
    .orderBy(sql`state = 'removed'`)
    .orderBy('created_at', 'desc')
    .execute()
  if (exact[0]) return exact[0]
  const all = await db.selectFrom('workspaces').selectAll().where('state', '<>', 'removed').execute()
  const matching = all.filter(({ id, name }) => wanted !== '' && (id.startsWith(wanted) || name.startsWith(wanted)))
  if (matching.length === 1 && matching[0]) return matching[0]
  if (matching.length > 1) {
    throw new SkeinError(
      'invalid',
      `"${wanted}" is the beginning of ${matching.length} workspaces: ${matching.map(({ name }) => name).join(', ')}`,
      { next: 'Give more of the name.' },
    )
  }
  throw new SkeinError('not_found', `there is no workspace "${wanted}"`, { next: 'List them with: skein ls' })
}
