import type { Monitored } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { projectRow } from '../projects/projects.ts'
import { mustBeTrusted } from '../projects/trust.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { HOME_MACHINE } from './machines.ts'

/**
 * What the project's own monitor says of its services, for a workspace: on a machine that its provider can ask about, or here. Undefined:
 * the project has none, or it is not trusted.
 */
export async function monitorWorkspace(
  context: EngineContext,
  workspace: WorkspaceTable,
): Promise<Monitored | undefined> {
  if (workspace.state !== 'ready') return undefined
  const { machines } = context
  const project = await projectRow(context, workspace.project_id)
  const { id, name, path } = project
  const row = await machines.row(workspace.machine_id)
  const there = workspace.machine_id !== HOME_MACHINE
  // One that is stopped has no services, and is not started to be asked.
  if (!row || (there && row.state !== 'known')) return undefined
  for (const provider of machines.kinds) {
    if (!provider.monitor || (there && provider.kind !== row.kind)) continue
    if (!(await isTrusted(context, project))) return undefined
    const machine = there ? await machines.machine(row.id) : undefined
    const monitored = await provider.monitor({ id, name, path }, machine, machines.context(row.id))
    if (monitored) return monitored
  }
  return undefined
}

function isTrusted(context: EngineContext, project: Awaited<ReturnType<typeof projectRow>>): Promise<boolean> {
  return mustBeTrusted(context, project, 'its monitor').then(
    () => true,
    () => false,
  )
}
