import type { EngineContext } from '../context.ts'
import type { ServiceCommand } from '../setup/commands.ts'

/** Writes down which services a workspace has. Answers whether anything is other than before. */
export async function recordServices(
  context: EngineContext,
  workspaceId: string,
  services: readonly ServiceCommand[],
): Promise<boolean> {
  const known = await context.db.selectFrom('services').selectAll().where('workspace_id', '=', workspaceId).execute()
  let changed = false
  for (const [position, service] of services.entries()) {
    const before = known.find(({ name }) => name === service.name)
    const row = {
      position,
      run: service.run,
      script: JSON.stringify(service.script),
      port: service.port ?? null,
      health: service.health ?? null,
      autostart: service.autostart ? 1 : 0,
    }
    const same =
      before?.position === position &&
      before.script === row.script &&
      before.port === row.port &&
      before.health === row.health &&
      before.autostart === row.autostart
    if (same) continue
    changed = true
    await context.db
      .insertInto('services')
      .values({
        workspace_id: workspaceId,
        name: service.name,
        ...row,
        wanted: null,
        state: 'stopped',
        because: 'not started yet',
        epoch: 0,
        pid: null,
        started_at: null,
        ended_at: null,
        exit_code: null,
      })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'name']).doUpdateSet(row))
      .execute()
  }
  for (const { name, position } of known) {
    if (position === null || services.some((service) => service.name === name)) continue
    changed = true
    await context.db
      .updateTable('services')
      .set({ position: null })
      .where('workspace_id', '=', workspaceId)
      .where('name', '=', name)
      .execute()
  }
  return changed
}
