import type { Transaction } from 'kysely'
import type { Store } from '../store/schema.ts'

/** All steps of a workspace are to be taken again, at another place or from a snapshot. */
export async function beginAgain(tx: Transaction<Store>, workspaceId: string): Promise<void> {
  await tx
    .updateTable('steps')
    .set({ state: 'pending', started_at: null, ended_at: null, note: null })
    .where('workspace_id', '=', workspaceId)
    .execute()
}
