import type { MachineSpec } from '@skein/plugin-api'
import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { projectRow } from '../projects/projects.ts'
import { mustBeTrusted } from '../projects/trust.ts'
import { bringProject, homeOf } from './bring-project.ts'
import type { MachineRow, Machines } from './machines.ts'
import { providerSettings } from './own-settings.ts'
import { cacheOf, poolOf } from './places.ts'

/** Keeps what was brought to a machine ahead. */
const AHEAD_REF = 'refs/skein/ahead'

/** Makes a machine that waits for a workspace of a project, and brings the project there. Safe to repeat. */
export async function prepareMachine(context: EngineContext, member: MachineRow, projectId: string): Promise<void> {
  const { machines, db } = context
  const project = await projectRow(context, projectId)
  const provider = machines.provider(member.kind)
  if (provider.runsRepositoryScripts) await mustBeTrusted(context, project, member.id)
  const spec = await specAhead(context, member, projectId)
  const machine = await machines.make(member.id, spec.workspace)
  context.signal.throwIfAborted()
  const madeOf = await provider.madeOf?.(spec, machines.context(member.id))
  if (madeOf !== undefined)
    await db.updateTable('machines').set({ made_of: madeOf }).where('id', '=', member.id).execute()
  const runner = await machines.runner(member.id)
  if (machine.checkout?.() !== undefined)
    throw new SkeinError(
      'conflict',
      `machines of ${member.template} cannot be made ahead: they come with a checkout of their own`,
      {
        next: 'Leave out the setting "pool".',
      },
    )
  const home = await homeOf(context, project)
  const { commit } = await home.runner.call('git.resolve', { repo: home.repo, ref: 'HEAD' })
  await bringProject(context, project, member.id, { [AHEAD_REF]: commit })
  await runner.call('git.poolFill', {
    repo: cacheOf(context, project, member.id, runner),
    pool: poolOf(context, project, member.id, runner),
    base: commit,
    size: 1,
  })
}

/** What a provider is asked to make for a workspace that is not there yet. */
export async function specAhead(
  context: EngineContext,
  row: MachineRow,
  projectId: string,
): Promise<MachineSpec & { workspace: NonNullable<MachineSpec['workspace']> }> {
  const { id, name, path } = await projectRow(context, projectId)
  const workspace = { name: `pool-${row.id.split('-').at(-1)}`, branch: '', project: { id, name, path } }
  return { ...context.machines.spec(row, workspace), workspace }
}

/** Whether a provider is told the same of both. */
export function isSameMachine(machines: Machines, one: MachineRow, other: MachineRow): boolean {
  const told = (row: MachineRow) =>
    JSON.stringify([row.name, providerSettings(machines.provider(row.kind), JSON.parse(row.settings))])
  return one.kind === other.kind && told(one) === told(other)
}

/** How many are to wait is nothing of a machine itself. */
export function withoutPool(settings: string): Record<string, unknown> {
  const { pool: _, ...others } = JSON.parse(settings) as Record<string, unknown>
  return others
}
