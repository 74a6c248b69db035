import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ApiParams, ApiResult, RunnerClient } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { bringHome, placeOf } from '../machines/bring-project.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { trashOf } from '../machines/places.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { lookAtDiff } from './diff.ts'

type Params = ApiParams<'workspaces.apply'>
type Result = ApiResult<'workspaces.apply'>
type Ready = WorkspaceTable & { base: string }

/** Brings a workspace's work into the project's own checkout, or onto a branch of it. */
export async function applyWorkspace(
  context: EngineContext,
  project: Store['projects'],
  workspace: Ready,
  params: Params,
): Promise<Result> {
  if (workspace.machine_id === HOME_MACHINE) {
    const runner = await context.machines.runner(HOME_MACHINE)
    return applyFrom(context, runner, workspace.path, { project, workspace, params })
  }
  return withCopyAtHome(context, project, workspace, (runner, path) =>
    applyFrom(context, runner, path, { project, workspace, params }),
  )
}

async function applyFrom(
  context: EngineContext,
  runner: RunnerClient,
  path: string,
  { project, workspace, params }: { project: Store['projects']; workspace: Ready; params: Params },
): Promise<Result> {
  if ('checkout' in params.to)
    return runner.call('git.applyTo', {
      path,
      base: workspace.base,
      target: project.path,
      ...(params.check ? { check: true } : {}),
    })
  const { files } = await lookAtDiff(context, workspace)
  const { commit } = await runner.call('git.publishBranch', {
    path,
    branch: params.to.branch,
    message: params.message ?? `Work of ${workspace.name}`,
    ...(params.to.force ? { force: true } : {}),
  })
  return { applied: true, conflicts: [], files: files.length, commit }
}

/** The workspace's state as a work tree of the project's own clone, for as long as it is needed; one that is left over the reaper finds. */
async function withCopyAtHome<T>(
  context: EngineContext,
  project: Store['projects'],
  workspace: Ready,
  work: (runner: RunnerClient, path: string) => Promise<T>,
): Promise<T> {
  const id = randomUUID()
  const ref = `refs/skein/copy/${id}`
  const branch = `skein/copy-${id}`
  const path = join(context.home, 'workspaces', '.copies', id)
  const place = await placeOf(context, project, workspace)
  const { commit } = await place.runner.call('git.snapshot', {
    path: workspace.path,
    ref,
    message: `Workspace ${workspace.name}`,
  })
  const home = await context.machines.runner(HOME_MACHINE)
  try {
    await bringHome(context, project, place, { [ref]: commit, [`refs/skein/base/${workspace.id}`]: workspace.base })
    await home.call('git.restore', { repo: project.path, path, ref, branch })
    return await work(home, path)
  } finally {
    await home
      .call('git.removeWorkspace', {
        repo: project.path,
        path,
        branch,
        deleteBranch: true,
        force: true,
        trash: trashOf(context, HOME_MACHINE, home),
      })
      .catch((error: unknown) => context.log('warn', 'a copy was not removed', { path, error: String(error) }))
    await home.call('git.deleteRef', { repo: project.path, ref }).catch(() => undefined)
    await place.runner.call('git.deleteRef', { repo: place.repo, ref }).catch(() => undefined)
  }
}
