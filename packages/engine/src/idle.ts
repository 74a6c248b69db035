import type { Actors } from './actors.ts'
import type { EngineContext } from './context.ts'
import { agentOf } from './context.ts'
import { kept } from './sealed.ts'
import { promptFacts } from './sessions/facts.ts'
import type { SessionFold } from './sessions/fold.ts'
import { processId } from './sessions/journal.ts'

/**
 * Idle agents cost nothing: a session whose agent has had nothing to do for a while is hibernated, and sooner when all agents
 * together use more memory than they may, the longest idle first. Never one that works, waits for an answer, or has background
 * tasks.
 */
export async function hibernateIdle(context: EngineContext, actors: Actors): Promise<string[]> {
  const { db, clock, settings } = context
  const rows = await db
    .selectFrom('sessions')
    .innerJoin('workspaces', 'workspaces.id', 'sessions.workspace_id')
    .select(['sessions.id', 'sessions.agent', 'sessions.fold', 'sessions.active_at', 'workspaces.machine_id'])
    .where('process_state', '=', 'running')
    .orderBy('active_at')
    .execute()
  const idle: { id: string; machineId: string; since: number }[] = []
  for (const row of rows) {
    const fold = kept<SessionFold>(context, row.fold, `fold:${row.id}`)
    if (fold.turn) continue
    const moment = agentOf(context, row.agent).inspect(fold.agent)
    if (moment.background > 0 || moment.busy) continue
    const { sentPrompt, queuedPrompt } = await promptFacts(context, row.id)
    const asked = await db
      .selectFrom('asks')
      .select('id')
      .where('session_id', '=', row.id)
      .where('state', '=', 'open')
      .executeTakeFirst()
    if (!sentPrompt && !queuedPrompt && !asked)
      idle.push({ id: row.id, machineId: row.machine_id, since: row.active_at })
  }
  const now = clock.now()
  const chosen = idle.filter(({ since }) => now - since >= settings.idleMs)
  const stays = idle.filter((session) => !chosen.includes(session))
  const machines = new Set(rows.map(({ machine_id }) => machine_id))
  for (const machineId of machines) {
    if (stays.length === 0) break
    const runner = await context.machines.runner(machineId)
    const used = await runner.call('process.resources', {})
    let total = used.reduce((sum, { rssBytes }) => sum + rssBytes, 0)
    for (const session of stays.filter((each) => each.machineId === machineId)) {
      if (total <= settings.memoryCeiling) break
      total -= used.find(({ id }) => id === processId(session.id))?.rssBytes ?? 0
      chosen.push(session)
    }
  }
  const stopped: string[] = []
  for (const { id } of chosen) if (await actors.session(id).hibernate()) stopped.push(id)
  return stopped
}
