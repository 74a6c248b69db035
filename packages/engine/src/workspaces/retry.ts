import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { setupProcessId } from './setup.ts'

/** A workspace whose making failed is made on from the step that failed. What was made before it stays. */
export async function retryWorkspace(context: EngineContext, workspace: WorkspaceTable): Promise<void> {
  if (workspace.state === 'creating') return
  if (workspace.state !== 'failed')
    throw new SkeinError('conflict', `making ${workspace.name} again: it is ${workspace.state}, and was made`, {
      next: 'Only a workspace that could not be made can be tried again.',
    })
  const failed = await context.db
    .selectFrom('steps')
    .select('name')
    .where('workspace_id', '=', workspace.id)
    .where('state', '=', 'failed')
    .execute()
  // Under its name the script has ended; it is to run again.
  if (failed.some(({ name }) => name === 'setup')) {
    const runner = await context.machines.runner(workspace.machine_id)
    await runner.call('process.forget', { id: setupProcessId(workspace.id) })
  }
  await context.db.transaction().execute(async (tx) => {
    await tx
      .updateTable('steps')
      .set({ state: 'pending', started_at: null, ended_at: null, note: null })
      .where('workspace_id', '=', workspace.id)
      .where('state', '=', 'failed')
      .execute()
    await tx
      .updateTable('workspaces')
      .set({ state: 'creating', problem: null })
      .where('id', '=', workspace.id)
      .where('state', '=', 'failed')
      .execute()
  })
  context.changes.workspace(workspace.id)
}
