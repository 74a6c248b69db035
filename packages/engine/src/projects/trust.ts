import { type Project, type RepositoryScript, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { repositoryScripts, TRUST_PATHS } from '../security/trust.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'

type ProjectRow = Store['projects']

/** All that a repository would run, as it stands at a ref. */
export async function scriptsAt(
  context: EngineContext,
  project: ProjectRow,
  ref: string,
): Promise<{ hash: string; scripts: RepositoryScript[] }> {
  const runner = await context.machines.runner(HOME_MACHINE)
  const { commit } = await runner.call('git.resolve', { repo: project.path, ref })
  const known = scriptsOfCommits.get(commit) ?? scriptsIn(runner, project.path, commit)
  scriptsOfCommits.set(commit, known)
  known.catch(() => scriptsOfCommits.delete(commit))
  for (const oldest of scriptsOfCommits.keys()) {
    if (scriptsOfCommits.size <= MOST_KNOWN) break
    scriptsOfCommits.delete(oldest)
  }
  return known
}

/** A commit never changes, and projects are looked at often. */
const scriptsOfCommits = new Map<string, ReturnType<typeof scriptsIn>>()
const MOST_KNOWN = 200

export async function scriptsIn(
  runner: RunnerClient,
  repo: string,
  treeish: string,
): Promise<{ hash: string; scripts: RepositoryScript[] }> {
  const files = await runner.call('git.listFiles', { repo, commit: treeish, paths: [...TRUST_PATHS] })
  return repositoryScripts(files, async (file) => {
    const shown = await runner.call('git.show', { repo, commit: treeish, file })
    return shown ? Buffer.from(shown.base64, 'base64').toString('utf8') : ''
  })
}

export function trustState(
  project: ProjectRow,
  hash: string,
  scripts: readonly RepositoryScript[],
): Project['trust']['state'] {
  if (scripts.length === 0) return 'nothing_to_trust'
  if (project.trusted_hash === null) return 'untrusted'
  return project.trusted_hash === hash ? 'trusted' : 'changed'
}

/**
 * May what the repository ships run in this workspace, now? Asked before each start: an agent that edits its own hooks does not
 * get them run. `edited`: the work tree may differ from its base.
 */
export async function trustedNow(context: EngineContext, workspace: WorkspaceTable, edited: boolean): Promise<boolean> {
  const project = await context.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', workspace.project_id)
    .executeTakeFirst()
  if (!project || workspace.base === null) return false
  const runner = await context.machines.runner(workspace.machine_id)
  const treeish = edited
    ? (await runner.call('git.changes', { path: workspace.path, base: workspace.base })).tree
    : workspace.base
  const { hash, scripts } = await scriptsIn(runner, workspace.path, treeish)
  return scripts.length === 0 || project.trusted_hash === hash
}

/** Throws unless the project that a machine was made for is trusted as it stands: its provider runs what the repository ships. */
export async function mayRunScripts(context: EngineContext, machineId: string): Promise<void> {
  const workspace = await context.db
    .selectFrom('workspaces')
    .innerJoin('projects', 'projects.id', 'workspaces.project_id')
    .selectAll('projects')
    .where('machine_id', '=', machineId)
    .executeTakeFirst()
  if (workspace) await mustBeTrusted(context, workspace, machineId)
}

/** The same for a project. */
export async function mustBeTrusted(context: EngineContext, project: ProjectRow, machine: string): Promise<void> {
  const { hash, scripts } = await scriptsAt(context, project, 'HEAD')
  if (scripts.length === 0 || project.trusted_hash === hash) return
  throw new SkeinError(
    'conflict',
    `${machine} is made and reached by scripts of ${project.name}, which are not trusted`,
    {
      next: 'Look at them and allow them: skein trust',
      details: { reason: 'needs_trust', projectId: project.id, hash },
    },
  )
}
