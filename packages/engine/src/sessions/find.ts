import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { SessionTable } from '../store/schema.ts'

export async function sessionRow(context: EngineContext, id: string): Promise<SessionTable> {
  const found = await context.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
  if (!found) throw new SkeinError('not_found', `there is no session ${id}`)
  return found
}

/** A session that can be talked to: its workspace is there, or will be. */
export async function liveSession(context: EngineContext, id: string): Promise<SessionTable> {
  const session = await sessionRow(context, id)
  const workspace = await context.db
    .selectFrom('workspaces')
    .select(['name', 'state'])
    .where('id', '=', session.workspace_id)
    .executeTakeFirstOrThrow()
  if (workspace.state === 'removed' || workspace.state === 'removing') {
    throw new SkeinError('conflict', `the workspace ${workspace.name} is ${workspace.state}`, {
      next: `Bring it back with: skein restore ${workspace.name}`,
    })
  }
  if (workspace.state === 'failed')
    throw new SkeinError('conflict', `the workspace ${workspace.name} could not be made`, {
      next: `Look at why: skein show ${workspace.name}`,
    })
  return session
}
