import { join } from 'node:path'
import { type RunnerClient, SkeinError, type StepName } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { trustedNow } from '../projects/trust.ts'
import { parseSkeinConfig, type SkeinConfig } from '../setup/config.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { runSetup } from './setup.ts'

export const STEPS: StepName[] = ['machine', 'checkout', 'files', 'setup', 'ready']

type ProjectRow = Store['projects']
type StepResult = { note?: string; skipped?: boolean }

/**
 * Makes a workspace by durable steps. Each is recorded before and after, and is safe to repeat: after a crash the step that was
 * running is done again and finds what it had made. A step that fails undoes nothing that could hold work.
 */
export async function makeWorkspace(context: EngineContext, id: string): Promise<void> {
  const done = await context.db
    .selectFrom('steps')
    .select('name')
    .where('workspace_id', '=', id)
    .where('state', 'in', ['done', 'skipped'])
    .execute()
  for (const name of STEPS) {
    if (done.some((step) => step.name === name)) continue
    await mark(context, id, name, { state: 'running', started_at: context.clock.now() })
    try {
      const { note, skipped } = await perform(context, name, await rowOf(context, id))
      await mark(context, id, name, {
        state: skipped ? 'skipped' : 'done',
        ended_at: context.clock.now(),
        note: note ?? null,
      })
    } catch (error) {
      // The engine is closing, or the machine is out of reach: the step stays "running" and is taken up again.
      if (context.signal.aborted) throw error
      const failure = SkeinError.from(error, `${name} of the workspace`)
      if (failure.code === 'unavailable') throw failure
      await mark(context, id, name, { state: 'failed', ended_at: context.clock.now(), note: failure.message })
      const problem = JSON.stringify({
        message: failure.message,
        ...(failure.next === undefined ? {} : { next: failure.next }),
      })
      await context.db.updateTable('workspaces').set({ state: 'failed', problem }).where('id', '=', id).execute()
      context.changes.workspace(id)
      context.log('warn', 'a workspace could not be made', { workspaceId: id, step: name, error: failure.message })
      return
    }
  }
}

async function perform(context: EngineContext, step: StepName, workspace: WorkspaceTable): Promise<StepResult> {
  const project = await context.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', workspace.project_id)
    .executeTakeFirstOrThrow()
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  switch (step) {
    case 'machine':
      return { note: workspace.machine_id === 'local' ? 'this computer' : workspace.machine_id }
    case 'checkout':
      return checkout(context, runner, project, workspace)
    case 'files':
      return includeFiles(runner, project, workspace)
    case 'setup': {
      const trusted = await trustedNow(context, workspace, false)
      return runSetup(context, runner, project, workspace, trusted)
    }
    case 'ready': {
      await context.db
        .updateTable('workspaces')
        .set({ state: 'ready', problem: null })
        .where('id', '=', workspace.id)
        .execute()
      context.work.workspaceReady(workspace.id)
      void fillPool(context, runner, project, workspace).catch((error: unknown) =>
        context.log('debug', 'the pool was not filled', { error: String(error) }),
      )
      return {}
    }
  }
}

async function checkout(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
): Promise<StepResult> {
  if (workspace.from_ref !== null) {
    const restored = await runner.call('git.restore', {
      repo: project.path,
      path: workspace.path,
      ref: workspace.from_ref,
      branch: workspace.branch,
    })
    return { note: `${restored.branch}, as it was` }
  }
  let { base } = workspace
  if (base === null) {
    const resolved = await runner.call('git.resolve', { repo: project.path, ref: workspace.base_ref })
    base = resolved.commit
    await context.db.updateTable('workspaces').set({ base }).where('id', '=', workspace.id).execute()
  }
  const made = await runner.call('git.createWorkspace', {
    repo: project.path,
    path: workspace.path,
    branch: workspace.branch,
    base,
    pool: poolOf(context, project),
    ...(workspace.existing_branch ? { existing: true } : {}),
  })
  return { note: `${workspace.branch} at ${base.slice(0, 9)}${made.fromPool ? ', from the pool' : ''}` }
}

/** What `.worktreeinclude` names, then what `skein.json` names; a file that is there already stays. */
async function includeFiles(runner: RunnerClient, project: ProjectRow, workspace: WorkspaceTable): Promise<StepResult> {
  const { include = [] } = await configOf(runner, project, workspace)
  const sources = include.length > 0 ? [{}, { patterns: include }] : [{}]
  const files: string[] = []
  const skipped: { path: string; why: string }[] = []
  let byReference = false
  for (const source of sources) {
    const brought = await runner.call('git.includeFiles', { from: project.path, to: workspace.path, ...source })
    files.push(...brought.files)
    skipped.push(...brought.skipped)
    byReference ||= brought.cloned
  }
  if (files.length === 0 && skipped.length === 0)
    return { skipped: true, note: 'no ignored files are named to bring along' }
  const left = skipped.length === 0 ? '' : `, ${skipped.length} left out (${skipped[0]?.path}: ${skipped[0]?.why})`
  return {
    note: `${files.length} ignored ${files.length === 1 ? 'file' : 'files'} brought along${byReference ? ' by reference' : ''}${left}`,
  }
}

/** `skein.json` as it stands at the workspace's base. Only data is taken from it here; what it would run is a matter of trust. */
async function configOf(runner: RunnerClient, project: ProjectRow, workspace: WorkspaceTable): Promise<SkeinConfig> {
  const shown = await runner.call('git.show', { repo: project.path, commit: workspace.base ?? '', file: 'skein.json' })
  return shown ? parseSkeinConfig(Buffer.from(shown.base64, 'base64').toString('utf8')) : {}
}

/** Work trees made beforehand lie beside the workspaces, on the same file system. */
export function poolOf(context: EngineContext, project: ProjectRow): string {
  return join(context.home, 'pool', project.id)
}

async function fillPool(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
): Promise<void> {
  const { pool: size = context.settings.poolSize } = await configOf(runner, project, workspace)
  if (size === 0 || workspace.base === null) return
  await runner.call('git.poolFill', { repo: project.path, pool: poolOf(context, project), base: workspace.base, size })
}

async function mark(
  context: EngineContext,
  workspaceId: string,
  name: StepName,
  change: Partial<Store['steps']>,
): Promise<void> {
  await context.db
    .updateTable('steps')
    .set(change)
    .where('workspace_id', '=', workspaceId)
    .where('name', '=', name)
    .execute()
  context.changes.workspace(workspaceId)
}

async function rowOf(context: EngineContext, id: string): Promise<WorkspaceTable> {
  return await context.db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}
