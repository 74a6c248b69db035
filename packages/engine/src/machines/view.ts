import { type MachineInfo, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { MachineRow } from './machines.ts'
import { viewPools } from './pool-members.ts'

/** A machine as clients see it; undefined for one that is gone. */
export async function viewMachine(context: EngineContext, id: string): Promise<MachineInfo | undefined> {
  const row = await context.machines.row(id)
  return row && isShown(context, row) ? view(context, row) : undefined
}

export async function listMachines(context: EngineContext): Promise<MachineInfo[]> {
  const rows = await context.db.selectFrom('machines').selectAll().orderBy('created_at').execute()
  return Promise.all(rows.filter((row) => isShown(context, row)).map((row) => view(context, row)))
}

/** A machine that is known, for a command about it. */
export async function shownMachine(context: EngineContext, id: string): Promise<MachineInfo> {
  const machine = await viewMachine(context, id)
  if (machine) return machine
  throw new SkeinError('not_found', `there is no machine ${id}`, { next: 'List them with: skein machine ls' })
}

/** A machine whose plugin is not there cannot be told of. */
function isShown(context: EngineContext, row: MachineRow): boolean {
  return row.state !== 'gone' && context.machines.kinds.some(({ kind }) => kind === row.kind)
}

async function view(context: EngineContext, row: MachineRow): Promise<MachineInfo> {
  const { lifetime, isolated } = context.machines.provider(row.kind)
  const workspaces = await context.db
    .selectFrom('workspaces')
    .select('id')
    .where('machine_id', '=', row.id)
    .where('state', '<>', 'removed')
    .orderBy('created_at')
    .execute()
  const sessions = await context.db
    .selectFrom('sessions')
    .innerJoin('workspaces', 'workspaces.id', 'sessions.workspace_id')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('workspaces.machine_id', '=', row.id)
    .where('process_state', 'in', ['starting', 'running', 'stopping'])
    .executeTakeFirst()
  const { hello, next, ...link } =
    (row.state === 'stopped' || row.state === 'resting' ? undefined : context.machines.link(row.id)) ?? nobodyAsked(row)
  const pools = row.state === 'template' ? await viewPools(context, row) : []
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    lifetime,
    isolated,
    ...(row.state === 'template' ? { template: true } : {}),
    ...(pools.length > 0 ? { pools } : {}),
    ...(row.pool_project !== null && row.template !== null
      ? { pool: { template: row.template, projectId: row.pool_project, ready: row.ready_at !== null } }
      : {}),
    ...link,
    because: next === undefined ? link.because : `${link.because}. ${next}`,
    workspaces: workspaces.map(({ id }) => id),
    running: Number(sessions?.n ?? 0),
    ...(hello ? { platform: hello.platform, arch: hello.arch, runnerVersion: hello.version } : {}),
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    ...(row.problem === null ? {} : { problem: row.problem }),
  }
}

const UNLINKED: Record<MachineRow['state'], string> = {
  template: 'settings for machines that are made for a workspace',
  wanted: 'being made',
  known: 'nothing has needed it yet',
  stopped: 'stopped by a person',
  resting: 'stopped while nothing goes on there; it starts when it is needed',
  ending: 'being destroyed',
  gone: 'gone',
}

function nobodyAsked(row: MachineRow): {
  state: MachineInfo['state']
  because: string
  since: number
  hello?: undefined
  next?: undefined
} {
  const state =
    row.state === 'wanted' ? 'connecting' : row.state === 'stopped' || row.state === 'resting' ? 'stopped' : 'idle'
  return { state, because: UNLINKED[row.state], since: row.created_at }
}
