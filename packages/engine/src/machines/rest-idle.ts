import type { EngineContext } from '../context.ts'
import { restAfterMs } from './own-settings.ts'

/**
 * A machine of one workspace is stopped when nothing has gone on there for a while, where its kind or its settings say so, and started by
 * whatever needs it next. Answers the ids of those that were stopped.
 */
export async function restIdle(context: EngineContext): Promise<string[]> {
  const { machines, clock } = context
  const rested: string[] = []
  const rows = await context.db
    .selectFrom('machines')
    .select(['id', 'kind', 'settings'])
    .where('state', '=', 'known')
    .where('pool_project', 'is', null)
    .where('template', 'is not', null)
    .execute()
  for (const { id, kind, settings } of rows) {
    const provider = machines.kinds.find((one) => one.kind === kind)
    const after = provider && restAfterMs(provider, JSON.parse(settings) as Record<string, unknown>)
    if (after === undefined || clock.now() - machines.neededAt(id) < after) continue
    if (!(await isQuiet(context, id))) continue
    if (await rest(context, id)) rested.push(id)
  }
  return rested
}

/** Machines that were being stopped when the engine ended last: whether they were is not known. */
export async function resumeResting(context: EngineContext): Promise<void> {
  const rows = await context.db.selectFrom('machines').select('id').where('state', '=', 'resting').execute()
  for (const { id } of rows) await rest(context, id)
}

function rest(context: EngineContext, machineId: string): Promise<boolean> {
  return context.machines
    .rest(machineId, () => isQuiet(context, machineId))
    .catch((error: unknown) => {
      context.log('warn', 'an idle machine could not be stopped', { machineId, error: String(error) })
      // It is tried again after as long as it may be idle, not at every look.
      context.machines.needed(machineId)
      return false
    })
}

/** Nothing runs on a machine, waits to run there, or is shown from there. */
async function isQuiet({ db }: EngineContext, machineId: string): Promise<boolean> {
  const workspaces = await db
    .selectFrom('workspaces')
    .select(['id', 'state', 'moving'])
    .where('machine_id', '=', machineId)
    .where('state', '<>', 'removed')
    .execute()
  if (workspaces.length === 0) return false
  if (workspaces.some(({ state, moving }) => (state !== 'ready' && state !== 'failed') || moving !== null)) return false
  const ids = workspaces.map(({ id }) => id)
  const sessions = db.selectFrom('sessions').select('id').where('workspace_id', 'in', ids)
  const found = await Promise.all([
    db
      .selectFrom('sessions')
      .select('id')
      .where('workspace_id', 'in', ids)
      .where('process_state', 'in', ['starting', 'running', 'stopping'])
      .executeTakeFirst(),
    db
      .selectFrom('prompts')
      .select('id')
      .where('session_id', 'in', sessions)
      .where('state', 'in', ['queued', 'sent', 'started', 'swallowed'])
      .executeTakeFirst(),
    db.selectFrom('asks').select('id').where('workspace_id', 'in', ids).where('state', '=', 'open').executeTakeFirst(),
    db
      .selectFrom('check_runs')
      .select('id')
      .where('workspace_id', 'in', ids)
      .where('state', '=', 'running')
      .executeTakeFirst(),
    db
      .selectFrom('services')
      .select('name')
      .where('workspace_id', 'in', ids)
      .where('state', 'in', ['starting', 'running', 'unhealthy'])
      .executeTakeFirst(),
    db
      .selectFrom('terminals')
      .select('id')
      .where('workspace_id', 'in', ids)
      .where('state', '=', 'open')
      .executeTakeFirst(),
  ])
  return found.every((one) => one === undefined)
}
