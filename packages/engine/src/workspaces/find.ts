import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { findWorkspace } from './view.ts'

/** A workspace whose files are there. */
export async function readyWorkspace(context: EngineContext, id: string): Promise<WorkspaceTable & { base: string }> {
  const row = await findWorkspace(context, id)
  if (row.state === 'creating')
    throw new SkeinError('conflict', `the workspace ${row.name} is still being made`, {
      next: 'Try again in a moment.',
    })
  if (row.state === 'removing' || row.state === 'removed')
    throw new SkeinError('conflict', `the workspace ${row.name} is ${row.state}`, {
      next: `Bring it back with: skein restore ${row.name}`,
    })
  if (row.base === null)
    throw new SkeinError('conflict', `the workspace ${row.name} could not be made`, {
      next: `Look at why: skein show ${row.name}`,
    })
  return { ...row, base: row.base }
}
