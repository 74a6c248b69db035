import { type ApiParams, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { nameFrom } from '../setup/names.ts'
import { findWorkspace } from './view.ts'

/** Another name, pinned, put away. Branch and folder keep the name that they were made with. Answers the id. */
export async function updateWorkspace(
  context: EngineContext,
  { workspaceId, name, pinned, archived }: ApiParams<'workspaces.update'>,
): Promise<string> {
  const row = await findWorkspace(context, workspaceId)
  const change = {
    ...(name === undefined ? {} : { name: nameFrom(name) }),
    ...(pinned === undefined ? {} : { pinned: pinned ? 1 : 0 }),
    ...(archived === undefined ? {} : { archived: archived ? 1 : 0 }),
  }
  if (Object.keys(change).length === 0) return row.id
  try {
    await context.db.updateTable('workspaces').set(change).where('id', '=', row.id).execute()
  } catch (error) {
    const taken = error instanceof Error && /UNIQUE constraint failed|constraint/i.test(error.message)
    if (!taken || change.name === undefined) throw error
    throw new SkeinError('conflict', `there is a workspace "${change.name}" already`, { next: 'Choose another name.' })
  }
  context.changes.workspace(row.id)
  return row.id
}
