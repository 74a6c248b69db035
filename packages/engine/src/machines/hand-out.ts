import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { MachineRow } from './machines.ts'
import { membersOf } from './pool-members.ts'
import { isSameMachine } from './prepare.ts'

/**
 * Gives a workspace whose own machine was not begun one that waits for it, and answers which: from then on that is the workspace's
 * own. Undefined: there is none that answers.
 */
export async function handOut(context: EngineContext, workspace: WorkspaceTable): Promise<string | undefined> {
  const { machines, pools } = context
  const own = await machines.row(workspace.machine_id)
  if (!own || own.template === null) return undefined
  await pools.use(own.template, workspace.project_id)
  if (own.begun || (own.state !== 'wanted' && own.state !== 'gone')) return undefined
  for (const member of await membersOf(context, { template: own.template, project_id: workspace.project_id })) {
    if (member.state !== 'known' || member.ready_at === null || !isSameMachine(machines, own, member)) continue
    if (!(await pools.answers(member.id)) || !(await give(context, member, own, workspace))) continue
    for (const { id } of [own, member]) context.changes.machine(id)
    context.changes.workspace(workspace.id)
    pools.wake()
    return member.id
  }
  return undefined
}

/** In one transaction, so that at any moment it belongs to the pool or to the workspace. */
function give({ db }: EngineContext, member: MachineRow, own: MachineRow, workspace: WorkspaceTable): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const taken = await tx
      .updateTable('machines')
      .set({ pool_project: null, settings: own.settings })
      .where('id', '=', member.id)
      .where('state', '=', 'known')
      .where('pool_project', 'is not', null)
      .returning('id')
      .executeTakeFirst()
    if (!taken) return false
    await tx.updateTable('workspaces').set({ machine_id: member.id }).where('id', '=', workspace.id).execute()
    await tx.deleteFrom('machines').where('id', '=', own.id).execute()
    return true
  })
}
