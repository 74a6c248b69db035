import type { ApiResult } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'

/** Everything that differs from the base, and its size kept for lists. `tree`: what the work tree is known to hold now. */
export async function lookAtDiff(
  context: EngineContext,
  workspace: WorkspaceTable,
  tree?: string,
): Promise<ApiResult<'workspaces.changes'>> {
  const runner = await context.machines.runner(workspace.machine_id)
  const changes = await runner.call('git.changes', {
    path: workspace.path,
    base: workspace.base ?? 'HEAD',
    ...(tree === undefined ? {} : { tree }),
  })
  const diff = JSON.stringify({
    files: changes.files.length,
    added: changes.files.reduce((sum, { added }) => sum + added, 0),
    deleted: changes.files.reduce((sum, { deleted }) => sum + deleted, 0),
    at: context.clock.now(),
  })
  await context.db.updateTable('workspaces').set({ diff }).where('id', '=', workspace.id).execute()
  context.changes.workspace(workspace.id)
  return changes
}
