import type { Actors } from '../actors.ts'
import type { EngineContext } from '../context.ts'
import type { RemovePlan } from './remover.ts'
import { viewWorkspace } from './view.ts'

/** Begins to remove the workspaces in which nothing happened for as long as they were to be kept. Like every removal, it can be undone. */
export async function removeExpired(context: EngineContext, actors: Actors): Promise<void> {
  const rows = await context.db
    .selectFrom('workspaces')
    .select('id')
    .where('ttl_ms', 'is not', null)
    .where('state', 'in', ['ready', 'failed'])
    .execute()
  for (const { id } of rows) {
    const workspace = await viewWorkspace(context, id)
    if (workspace?.expiresAt === undefined || workspace.expiresAt > context.clock.now()) continue
    if (workspace.sessions.some(({ state }) => state === 'working' || state === 'starting')) continue
    const plan: RemovePlan = { keepBranch: false }
    await context.db
      .updateTable('workspaces')
      .set({ state: 'removing', removal: JSON.stringify(plan), problem: null })
      .where('id', '=', id)
      .where('state', 'in', ['ready', 'failed'])
      .execute()
    context.changes.workspace(id)
    context.log('info', 'a workspace was not used for as long as it was to be kept', { workspaceId: id })
    void actors.workspace(id)
  }
}
