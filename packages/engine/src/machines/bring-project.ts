import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { carryCommits, commitAt, type Place } from './carry.ts'
import { HOME_MACHINE } from './machines.ts'
import { cacheOf, repositoryOf } from './places.ts'

type ProjectRow = Store['projects']

/** The project's own clone. */
export async function homeOf(context: EngineContext, project: Pick<ProjectRow, 'path'>): Promise<Place> {
  return { runner: await context.machines.runnerEventually(HOME_MACHINE, context.signal), repo: project.path }
}

/** The clone of a workspace's machine. */
export async function placeOf(
  context: EngineContext,
  project: ProjectRow,
  workspace: Pick<WorkspaceTable, 'machine_id' | 'in_place' | 'path'>,
): Promise<Place> {
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  return { runner, repo: repositoryOf(context, project, workspace, runner) }
}

/** Sees to it that a machine has the commits that refs of ours are to name there, with the project's remotes. Idempotent. */
export async function bringProject(
  context: EngineContext,
  project: ProjectRow,
  machineId: string,
  refs: Record<string, string>,
): Promise<Place> {
  const home = await homeOf(context, project)
  if (machineId === HOME_MACHINE) return home
  // Of two workspaces that are made at once, the second finds what was brought for the first.
  return context.bringing.run(`${machineId} ${project.id}`, () => bring(context, project, home, { machineId, refs }))
}

async function bring(
  context: EngineContext,
  project: ProjectRow,
  home: Place,
  { machineId, refs }: { machineId: string; refs: Record<string, string> },
): Promise<Place> {
  const runner = await context.machines.runnerEventually(machineId, context.signal)
  const there = { runner, repo: cacheOf(context, project, machineId, runner) }
  const { branch, remotes } = await home.runner.call('git.inspect', { path: home.repo })
  await runner.call('git.initialise', { path: there.repo, ...(branch === null ? {} : { defaultBranch: branch }) })
  const { helper } = await runner.call('credential.offer', {})
  await configure(there, 'credential.helper', `!'${helper.replaceAll("'", `'\\''`)}'`)
  for (const { name, url } of remotes) {
    if (!isReachable(url)) continue
    await configure(there, `remote.${name}.url`, url)
    await configure(there, `remote.${name}.fetch`, `+refs/heads/*:refs/remotes/${name}/*`)
  }
  await carryCommits(home, there, refs)
  return there
}

/** Keeps the commit that a workspace begins from. */
export const baseRef = (workspaceId: string) => `refs/skein/base/${workspaceId}`

/** A snapshot that is kept at home, brought to a workspace's machine unless it is there. */
export async function bringSnapshot(
  context: EngineContext,
  project: ProjectRow,
  workspace: Pick<WorkspaceTable, 'machine_id' | 'in_place' | 'path'>,
  ref: string,
): Promise<void> {
  const home = await homeOf(context, project)
  const commit = await commitAt(home, ref)
  if (commit === undefined) return
  const there = await bringProject(context, project, workspace.machine_id, {})
  if ((await commitAt(there, ref)) !== commit) await carryCommits(home, there, { [ref]: commit })
}

/** Brings refs of a workspace's machine home, under the same or another name. */
export async function bringHome(
  context: EngineContext,
  project: ProjectRow,
  from: Place,
  refs: Record<string, string>,
): Promise<void> {
  const home = await homeOf(context, project)
  if (home.runner === from.runner && home.repo === from.repo) return
  await carryCommits(from, home, refs)
}

async function configure({ runner, repo }: Place, name: string, value: string): Promise<void> {
  const { code, stderr } = await runner.call('exec', { argv: ['git', '-C', repo, 'config', name, value] })
  if (code !== 0) throw new SkeinError('internal', `setting ${name} of ${repo}: ${stderr.trim()}`)
}

/** A path on this computer names nothing on another. */
function isReachable(url: string): boolean {
  return /^(?:https?|ssh|git):\/\//.test(url) || /^[^/]+@[^/]+:/.test(url)
}
