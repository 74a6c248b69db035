import type { MachineInfo } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { PoolTables } from '../store/schema-pools.ts'
import type { MachineRow } from './machines.ts'
import { poolSizeOf } from './own-settings.ts'

type PoolName = Pick<PoolTables['machine_pools'], 'template' | 'project_id'>

/** The machines of a pool: ready ones first, the oldest of them first. */
export function membersOf({ db }: EngineContext, { template, project_id }: PoolName): Promise<MachineRow[]> {
  return db
    .selectFrom('machines')
    .selectAll()
    .where('template', '=', template)
    .where('pool_project', '=', project_id)
    .where('state', '<>', 'gone')
    .orderBy((eb) => eb('ready_at', 'is', null))
    .orderBy('created_at')
    .execute()
}

/** The pools of some settings, as clients see them. */
export async function viewPools(
  context: EngineContext,
  template: MachineRow,
): Promise<NonNullable<MachineInfo['pools']>> {
  const size = poolSizeOf(JSON.parse(template.settings) as Record<string, unknown>)
  const pools = await context.db
    .selectFrom('machine_pools')
    .innerJoin('projects', 'projects.id', 'machine_pools.project_id')
    .select(['project_id', 'projects.name', 'problem', 'retry_at', 'template'])
    .where('template', '=', template.id)
    .where('projects.removed_at', 'is', null)
    .orderBy('projects.name')
    .execute()
  const views: NonNullable<MachineInfo['pools']> = []
  for (const { name, problem, retry_at, ...pool } of pools) {
    const members = (await membersOf(context, pool)).filter(({ state }) => state !== 'ending')
    const ready = members.filter(({ ready_at }) => ready_at !== null).length
    if (size + members.length > 0)
      views.push({
        projectId: pool.project_id,
        projectName: name,
        size,
        ready,
        preparing: members.length - ready,
        ...(problem === null ? {} : { problem }),
        ...(retry_at === null ? {} : { retryAt: retry_at }),
      })
  }
  return views
}
