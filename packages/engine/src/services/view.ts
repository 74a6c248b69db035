import type { Service } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { ServiceTable } from '../store/schema-work.ts'

/** `port`: the first of its workspace's. */
export function viewService(row: ServiceTable, port: number | null, rssBytes: number | undefined): Service {
  const lives = isAlive(row)
  return {
    workspaceId: row.workspace_id,
    name: row.name,
    run: row.run,
    ...(row.port === null || port === null ? {} : { port: port + row.port }),
    state: row.state,
    because: row.because,
    ...(lives && row.pid !== null ? { pid: row.pid } : {}),
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(lives || row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(lives || row.exit_code === null ? {} : { exitCode: row.exit_code }),
    ...(lives && rssBytes !== undefined ? { rssBytes } : {}),
    epoch: row.epoch,
  }
}

/** Whether there is a process, as far as was recorded. */
export function isAlive({ state }: Pick<ServiceTable, 'state'>): boolean {
  return state === 'starting' || state === 'running' || state === 'unhealthy'
}

/** The services of one workspace, or of all: those that are named now, and those that still run. */
export async function viewServices(
  context: EngineContext,
  rss: ReadonlyMap<string, number>,
  only: { workspaceId?: string | undefined; name?: string },
): Promise<Service[]> {
  let query = context.db
    .selectFrom('services')
    .innerJoin('workspaces', 'workspaces.id', 'services.workspace_id')
    .selectAll('services')
    .select('workspaces.port as first_port')
    .where('workspaces.state', '<>', 'removed')
    .where((eb) =>
      eb.or([eb('position', 'is not', null), eb('services.state', 'in', ['starting', 'running', 'unhealthy'])]),
    )
  if (only.workspaceId !== undefined) query = query.where('workspace_id', '=', only.workspaceId)
  if (only.name !== undefined) query = query.where('services.name', '=', only.name)
  const rows = await query.orderBy('workspace_id').orderBy('position').execute()
  return rows.map((row) => viewService(row, row.first_port, rss.get(serviceKey(row.workspace_id, row.name))))
}

export const serviceKey = (workspaceId: string, name: string) => `${workspaceId} ${name}`
