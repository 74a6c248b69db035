import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { kept } from '../sealed.ts'
import type { SessionFold } from '../sessions/fold.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { Checks, RunCause } from './checks.ts'
import { settingsOf } from './view.ts'

/** A turn that has ended, and what the work tree holds after it. */
export interface EndedTurn {
  sessionId: string
  turnId: string
  stopReason?: string | undefined
  changedFiles: number
  tree: string
}

/**
 * Runs what has to be run after a turn: the checks with `afterTurn` if anything changed, and a check whose failure the agent was
 * given to mend. Repeating it does nothing.
 */
export async function runAfterTurn(
  context: EngineContext,
  checks: Checks,
  workspace: WorkspaceTable,
  turn: EndedTurn,
): Promise<void> {
  const { db } = context
  const before = await db
    .selectFrom('considered_turns')
    .selectAll()
    .where('session_id', '=', turn.sessionId)
    .executeTakeFirst()
  if (before?.turn_id === turn.turnId) return
  const changed = before?.tree ? before.tree !== turn.tree : turn.changedFiles > 0
  const known = await db
    .selectFrom('checks')
    .selectAll('checks')
    .leftJoin('check_runs', 'check_runs.id', 'checks.last_run')
    .select(['check_runs.fix_session', 'check_runs.fix_message', 'check_runs.round'])
    .where('checks.workspace_id', '=', workspace.id)
    .where('position', 'is not', null)
    .execute()
  const cancelled = (await stopReasonOf(context, turn)) === 'cancelled'
  for (const check of known) {
    const mended =
      check.fix_session === turn.sessionId &&
      check.fix_message !== null &&
      !cancelled &&
      (await isDone(context, check.fix_message))
    const { afterTurn } = settingsOf(check)
    if (!mended && !(afterTurn && changed)) continue
    const cause: RunCause = {
      cause: mended ? 'fix' : 'turn',
      sessionId: turn.sessionId,
      turnId: turn.turnId,
      round: mended ? (check.round ?? 0) + 1 : 0,
    }
    const id = shortId('c-', turn.sessionId, turn.turnId, check.name)
    try {
      await checks.run(workspace, [check.name], cause, () => id)
    } catch (error) {
      // Not trusted, or not there any more: nobody waits for it. What may still come is tried again.
      if (!(error instanceof SkeinError) || error.code === 'unavailable') throw error
      context.log('info', 'a check was not run after a turn', { workspaceId: workspace.id, error: error.message })
    }
  }
  const considered = { turn_id: turn.turnId, tree: turn.tree }
  await db
    .insertInto('considered_turns')
    .values({ session_id: turn.sessionId, ...considered })
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet(considered))
    .execute()
}

/** A person who interrupts a turn takes over. */
async function stopReasonOf(context: EngineContext, { sessionId, turnId }: EndedTurn): Promise<string | undefined> {
  const row = await context.db.selectFrom('sessions').select('fold').where('id', '=', sessionId).executeTakeFirst()
  const last = row && kept<SessionFold>(context, row.fold, `fold:${sessionId}`).lastTurn
  return last?.id === turnId ? last.stopReason : undefined
}

async function isDone(context: EngineContext, messageId: string): Promise<boolean> {
  const prompt = await context.db.selectFrom('prompts').select('state').where('id', '=', messageId).executeTakeFirst()
  return prompt?.state === 'completed'
}
