import { join } from 'node:path'
import { type RunnerClient, SkeinError, type StepName } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { baseRef, bringProject, bringSnapshot, homeOf } from '../machines/bring-project.ts'
import { carryIncluded } from '../machines/carry-files.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { poolOf, repositoryOf } from '../machines/places.ts'
import { trustedNow } from '../projects/trust.ts'
import { parseSkeinConfig, type SkeinConfig } from '../setup/config.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { asText, bringConversations, goBack, moveOf } from './move.ts'
import { checkoutInPlace, giveUpMachine, readyMachine } from './on-machine.ts'
import { checkoutRepositories } from './repositories.ts'
import { runSetup } from './setup.ts'

export const STEPS: StepName[] = ['machine', 'checkout', 'files', 'setup', 'ready']

type ProjectRow = Store['projects']
export type StepResult = { note?: string; skipped?: boolean }

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
    // Somebody may have wanted it away meanwhile.
    if ((await rowOf(context, id)).state !== 'creating') return
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
      if ((await rowOf(context, id)).moving !== null) {
        await giveUpMachine(context, id)
        return goBack(context, await rowOf(context, id), failure.message)
      }
      await mark(context, id, name, { state: 'failed', ended_at: context.clock.now(), note: failure.message })
      const problem = JSON.stringify({
        code: failure.code,
        message: failure.message,
        ...(failure.next === undefined ? {} : { next: failure.next }),
      })
      await context.db
        .updateTable('workspaces')
        .set({ state: 'failed', problem })
        .where('id', '=', id)
        .where('state', '=', 'creating')
        .execute()
      context.changes.workspace(id)
      if (name === 'machine') await giveUpMachine(context, id)
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
  if (step === 'machine') return readyMachine(context, project, workspace)
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  switch (step) {
    case 'checkout': {
      const done = await checkout(context, runner, project, workspace)
      await checkoutRepositories(context, runner, await rowOf(context, workspace.id))
      return done
    }
    case 'files':
      return includeFiles(context, runner, project, workspace)
    case 'setup': {
      const trusted = await trustedNow(context, workspace, false)
      return runSetup(context, runner, project, workspace, trusted)
    }
    case 'ready': {
      const move = moveOf(workspace)
      if (move) await bringConversations(context, workspace)
      await context.db
        .updateTable('workspaces')
        .set({ state: 'ready', problem: null, ...(move ? { moving: asText(move, 'clean') } : {}) })
        .where('id', '=', workspace.id)
        .where('state', '=', 'creating')
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
  if (Number(workspace.in_place) === 1) return checkoutInPlace(context, runner, project, workspace)
  const repo = repositoryOf(context, project, workspace, runner)
  if (workspace.from_ref !== null) {
    if (workspace.machine_id !== HOME_MACHINE) await bringSnapshot(context, project, workspace, workspace.from_ref)
    const restored = await runner.call('git.restore', {
      repo,
      path: workspace.path,
      ref: workspace.from_ref,
      branch: workspace.branch,
    })
    return { note: `${restored.branch}, as it was` }
  }
  let { base } = workspace
  if (base === null) {
    const home = await homeOf(context, project)
    const resolved = await home.runner.call('git.resolve', { repo: home.repo, ref: workspace.base_ref })
    base = resolved.commit
    await context.db.updateTable('workspaces').set({ base }).where('id', '=', workspace.id).execute()
  }
  await bringProject(context, project, workspace.machine_id, { [baseRef(workspace.id)]: base })
  const made = await runner.call('git.createWorkspace', {
    repo,
    path: workspace.path,
    branch: workspace.branch,
    base,
    pool: poolOf(context, project, workspace.machine_id, runner),
    ...(workspace.existing_branch ? { existing: true } : {}),
  })
  return { note: `${workspace.branch} at ${base.slice(0, 9)}${made.fromPool ? ', from the pool' : ''}` }
}

/** What `.worktreeinclude` names, then what `skein.json` names; a file that is there already stays. */
async function includeFiles(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
): Promise<StepResult> {
  if (Number(workspace.in_place) === 1) return { skipped: true, note: 'the checkout came with the machine' }
  const { include = [] } = await configOf(context, runner, project, workspace)
  const sources = include.length > 0 ? [{}, { patterns: include }] : [{}]
  const home = await homeOf(context, project)
  const bring = (source: { patterns?: string[] }) =>
    workspace.machine_id === HOME_MACHINE
      ? runner.call('git.includeFiles', { from: project.path, to: workspace.path, ...source })
      : carryIncluded(
          { runner: home.runner, repo: home.repo, scratch: join(context.home, 'tmp') },
          { runner, path: workspace.path },
          source,
        )
  const files: string[] = []
  const skipped: { path: string; why: string }[] = []
  let byReference = false
  for (const source of sources) {
    const brought = await bring(source)
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
async function configOf(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
): Promise<SkeinConfig> {
  const repo = repositoryOf(context, project, workspace, runner)
  const shown = await runner.call('git.show', { repo, commit: workspace.base ?? '', file: 'skein.json' })
  return shown ? parseSkeinConfig(Buffer.from(shown.base64, 'base64').toString('utf8')) : {}
}

async function fillPool(
  context: EngineContext,
  runner: RunnerClient,
  project: ProjectRow,
  workspace: WorkspaceTable,
): Promise<void> {
  // A machine of its own has no second workspace to wait for.
  const own = await context.machines.isOwn(workspace.machine_id)
  const { pool: size = context.settings.poolSize } = await configOf(context, runner, project, workspace)
  if (own || size === 0 || workspace.base === null) return
  await runner.call('git.poolFill', {
    repo: repositoryOf(context, project, workspace, runner),
    pool: poolOf(context, project, workspace.machine_id, runner),
    base: workspace.base,
    size,
  })
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
