import type { EngineContext } from '../context.ts'
import type { CheckCommand } from '../setup/commands.ts'

/** Writes down which checks a workspace has. Answers whether anything is other than before. */
export async function recordChecks(
  context: EngineContext,
  workspaceId: string,
  checks: readonly CheckCommand[],
): Promise<boolean> {
  const known = await context.db.selectFrom('checks').selectAll().where('workspace_id', '=', workspaceId).execute()
  let changed = false
  for (const [position, check] of checks.entries()) {
    const before = known.find(({ name }) => name === check.name)
    const row = {
      position,
      run: check.run,
      after_turn: check.afterTurn ? 1 : 0,
      fix_rounds: check.fixRounds,
    }
    const same =
      before?.position === position &&
      before.run === row.run &&
      before.after_turn === row.after_turn &&
      before.fix_rounds === row.fix_rounds
    if (same) continue
    changed = true
    await context.db
      .insertInto('checks')
      .values({
        workspace_id: workspaceId,
        name: check.name,
        ...row,
        own_after_turn: null,
        own_fix_rounds: null,
        rounds: 0,
        fixed_at: null,
        last_run: null,
      })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'name']).doUpdateSet(row))
      .execute()
  }
  // What a person set, and what was run, is kept for the day it is named again.
  for (const { name, position } of known) {
    if (position === null || checks.some((check) => check.name === name)) continue
    changed = true
    await context.db
      .updateTable('checks')
      .set({ position: null })
      .where('workspace_id', '=', workspaceId)
      .where('name', '=', name)
      .execute()
  }
  return changed
}
