import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { ownersOf } from './list-ports.ts'

/** Who listens on a port of a machine, as far as it is a process of a workspace. */
export interface PortOwner {
  workspaceId: string
  /** For people: `web of calm-heron-3f9a`. */
  name: string
}

/** undefined: nobody, or a program that belongs to no workspace. Throws where the machine's runner cannot be asked. */
export async function ownerOfPort(
  context: EngineContext,
  machineId: string,
  port: number,
): Promise<PortOwner | undefined> {
  const runner = await context.machines.runner(machineId)
  const listening = await runner.call('ports.listening', {})
  const found = listening.find((one) => one.port === port && one.process !== undefined)
  if (found?.process === undefined) return undefined
  const workspaces = await context.db.selectFrom('workspaces').selectAll().where('machine_id', '=', machineId).execute()
  for (const workspace of workspaces.toSorted(livingFirst)) {
    const by = (await ownersOf(context, workspace)).get(found.process)
    if (by !== undefined) return { workspaceId: workspace.id, name: `${by} of ${workspace.name}` }
  }
  return { workspaceId: '', name: 'a process that Skein started and no longer knows' }
}

function livingFirst(a: WorkspaceTable, b: WorkspaceTable): number {
  return Number(a.state === 'removed') - Number(b.state === 'removed')
}
