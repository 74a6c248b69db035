import type { Check, CheckRun } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { CheckRunTable, CheckTable } from '../store/schema-work.ts'

export function viewRun(row: CheckRunTable): CheckRun {
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    state: row.state,
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.exit_code === null ? {} : { exitCode: row.exit_code }),
    cause: row.cause,
    ...(row.turn_id === null ? {} : { turnId: row.turn_id }),
    round: row.round,
    ...(row.note === null ? {} : { note: row.note }),
  }
}

/** What a person set for this workspace, else what the repository says. */
export function settingsOf(row: CheckTable): { afterTurn: boolean; fixRounds: number } {
  return {
    afterTurn: (row.own_after_turn ?? row.after_turn) === 1,
    fixRounds: row.own_fix_rounds ?? row.fix_rounds,
  }
}

/** The checks of one workspace, or of all, as they were named last, with their last runs. */
export async function viewChecks(
  context: EngineContext,
  only: { workspaceId?: string | undefined; name?: string },
): Promise<Check[]> {
  let query = context.db
    .selectFrom('checks')
    .selectAll('checks')
    .innerJoin('workspaces', 'workspaces.id', 'checks.workspace_id')
    .where('workspaces.state', '<>', 'removed')
    .where('position', 'is not', null)
  if (only.workspaceId !== undefined) query = query.where('workspace_id', '=', only.workspaceId)
  if (only.name !== undefined) query = query.where('checks.name', '=', only.name)
  const rows = await query.orderBy('workspace_id').orderBy('position').execute()
  const ids = rows.flatMap(({ last_run }) => last_run ?? [])
  const runs =
    ids.length === 0 ? [] : await context.db.selectFrom('check_runs').selectAll().where('id', 'in', ids).execute()
  const byId = new Map(runs.map((run) => [run.id, run]))
  return rows.map((row) => {
    const last = row.last_run === null ? undefined : byId.get(row.last_run)
    return {
      workspaceId: row.workspace_id,
      name: row.name,
      run: row.run,
      ...settingsOf(row),
      ...(last ? { last: viewRun(last) } : {}),
    }
  })
}
