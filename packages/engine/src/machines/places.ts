import { join } from 'node:path'
import type { RunnerClient } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { HOME_MACHINE } from './machines.ts'

type ProjectRow = Pick<Store['projects'], 'id' | 'path'>

/** The folder of ours on a machine: here `$SKEIN_HOME`, elsewhere the runner's own. */
export function rootOn(context: Pick<EngineContext, 'home'>, machineId: string, runner: RunnerClient): string {
  return machineId === HOME_MACHINE ? context.home : runner.hello.dir
}

/**
 * The clone that a workspace's work tree belongs to, on its machine: here the project's own; elsewhere a bare one of ours, to which
 * commits are carried, or the workspace itself where the machine came with a checkout.
 */
export function repositoryOf(
  context: Pick<EngineContext, 'home'>,
  project: ProjectRow,
  workspace: Pick<WorkspaceTable, 'machine_id' | 'in_place' | 'path'>,
  runner: RunnerClient,
): string {
  if (workspace.machine_id === HOME_MACHINE) return project.path
  if (Number(workspace.in_place) === 1) return workspace.path
  return cacheOf(context, project, workspace.machine_id, runner)
}

/** Where a machine that is not this computer keeps a project's commits. */
export function cacheOf(
  context: Pick<EngineContext, 'home'>,
  project: Pick<ProjectRow, 'id'>,
  machineId: string,
  runner: RunnerClient,
): string {
  return join(rootOn(context, machineId, runner), 'repositories', `${project.id}.git`)
}

/** Work trees made beforehand lie beside the workspaces, on the same file system. */
export function poolOf(
  context: Pick<EngineContext, 'home'>,
  project: Pick<ProjectRow, 'id'>,
  machineId: string,
  runner: RunnerClient,
): string {
  return join(rootOn(context, machineId, runner), 'pool', project.id)
}

export function trashOf(context: Pick<EngineContext, 'home'>, machineId: string, runner: RunnerClient): string {
  return join(rootOn(context, machineId, runner), 'trash')
}
