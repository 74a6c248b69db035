import type { ListeningPort } from '@skein/protocol'
import { checkProcessId } from '../checks/run.ts'
import type { EngineContext } from '../context.ts'
import { serviceProcessId } from '../services/run.ts'
import { processId } from '../sessions/journal.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { ptyId } from '../terminals/terminals.ts'
import { setupProcessId } from '../workspaces/setup.ts'

/** TCP ports on which a workspace's agents, services, checks and terminals listen, each with who it is. */
export async function listPorts(context: EngineContext, workspace: WorkspaceTable): Promise<ListeningPort[]> {
  const owners = await ownersOf(context, workspace)
  if (owners.size === 0) return []
  const runner = await context.machines.runner(workspace.machine_id)
  const listening = await runner.call('ports.listening', { ids: [...owners.keys()] })
  const ports = new Map<number, ListeningPort>()
  for (const { port, process } of listening) {
    const by = process === undefined ? undefined : owners.get(process)
    if (!ports.has(port)) ports.set(port, { port, ...(by === undefined ? {} : { by }) })
  }
  return [...ports.values()].sort((a, b) => a.port - b.port)
}

/** Who a workspace's processes are, for people, by their ids on the machine. */
export async function ownersOf(context: EngineContext, { id }: WorkspaceTable): Promise<Map<string, string>> {
  const { db } = context
  const [sessions, services, checks, terminals] = await Promise.all([
    db.selectFrom('sessions').select(['id', 'agent']).where('workspace_id', '=', id).execute(),
    db.selectFrom('services').select('name').where('workspace_id', '=', id).where('epoch', '>', 0).execute(),
    db
      .selectFrom('check_runs')
      .select(['id', 'name'])
      .where('workspace_id', '=', id)
      .where('state', '=', 'running')
      .execute(),
    db
      .selectFrom('terminals')
      .select(['id', 'title'])
      .where('workspace_id', '=', id)
      .where('state', '=', 'open')
      .execute(),
  ])
  return new Map([
    ...services.map(({ name }): [string, string] => [serviceProcessId(id, name), name]),
    ...sessions.map((session): [string, string] => [processId(session.id), `agent ${session.agent}`]),
    ...checks.map((check): [string, string] => [checkProcessId(check.id), `check ${check.name}`]),
    ...terminals.map((terminal): [string, string] => [ptyId(terminal.id), terminal.title]),
    [setupProcessId(id), 'the setup script'],
  ])
}
