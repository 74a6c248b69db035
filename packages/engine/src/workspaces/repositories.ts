import { join } from 'node:path'
import { type RunnerClient, SkeinError, type Workspace } from '@skein/protocol'
import type { Transaction } from 'kysely'
import type { EngineContext } from '../context.ts'
import { baseRef, bringHome, bringProject, bringSnapshot } from '../machines/bring-project.ts'
import { commitAt } from '../machines/carry.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { repositoryOf, trashOf } from '../machines/places.ts'
import { projectRow } from '../projects/projects.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import type { WorkspaceRepositoryTable } from '../store/schema-library.ts'

/**
 * A workspace of several repositories: a work tree of each, in its folder below the workspace. The workspace's own repository is a
 * blank one, which holds what lies beside them.
 */

export interface WantedRepository {
  projectId: string
  folder: string
  base: string
  branch?: string | undefined
}

/** Written down with the workspace. */
export async function recordRepositories(
  tx: Transaction<Store>,
  workspace: Pick<WorkspaceTable, 'id' | 'branch'>,
  wanted: readonly WantedRepository[],
): Promise<void> {
  if (wanted.length === 0) return
  await tx
    .insertInto('workspace_repositories')
    .values(
      wanted.map(({ projectId, folder, base, branch }, position) => ({
        workspace_id: workspace.id,
        folder,
        position,
        project_id: projectId,
        branch: branch ?? branchOf(workspace, wanted, position),
        base,
        snapshot_ref: null,
      })),
    )
    .execute()
}

/** The workspace's, and where the same repository is there twice, one of its own: a branch has one work tree. */
function branchOf({ branch }: Pick<WorkspaceTable, 'branch'>, wanted: readonly WantedRepository[], position: number) {
  const same = wanted.slice(0, position).filter(({ projectId }) => projectId === wanted[position]?.projectId)
  return same.length === 0 ? branch : `${branch}-${same.length + 1}`
}

/** Refuses what could not be made, before anything is. */
export function checkRepositories(wanted: readonly WantedRepository[]): void {
  for (const { folder } of wanted) {
    const inside = wanted.some((other) => other.folder !== folder && folder.startsWith(`${other.folder}/`))
    const twice = wanted.filter((other) => other.folder === folder).length > 1
    if (inside || twice)
      throw new SkeinError('invalid', `two repositories of the workspace would be in ${folder}`, {
        next: 'Give each a folder of its own.',
      })
  }
}

/** Makes the work trees, or brings them back from where they were kept. Safe to repeat. */
export async function checkoutRepositories(
  context: EngineContext,
  runner: RunnerClient,
  workspace: WorkspaceTable,
): Promise<void> {
  const rows = await repositoriesOf(context, workspace.id)
  if (rows.length === 0) return
  await ignoreFolders(
    runner,
    workspace,
    rows.map(({ folder }) => folder),
  )
  for (const row of rows) {
    const project = await projectRow(context, row.project_id)
    const place = placeOf(workspace, row)
    if (row.snapshot_ref !== null) await bringSnapshot(context, project, place, row.snapshot_ref)
    const { repo } = await bringProject(context, project, workspace.machine_id, { [baseRefOf(row)]: row.base })
    if (row.snapshot_ref !== null)
      await runner.call('git.restore', { repo, path: place.path, ref: row.snapshot_ref, branch: row.branch })
    else await runner.call('git.createWorkspace', { repo, path: place.path, branch: row.branch, base: row.base })
  }
}

/** Takes the work trees away; what they held is kept first, and at home. */
export async function removeRepositories(
  context: EngineContext,
  runner: RunnerClient,
  workspace: WorkspaceTable,
  keepBranch: boolean,
): Promise<void> {
  for (const row of await repositoriesOf(context, workspace.id)) {
    const project = await projectRow(context, row.project_id)
    const place = placeOf(workspace, row)
    if ((await runner.call('fs.stat', { path: place.path })) === null) continue
    const repo = repositoryOf(context, project, place, runner)
    if (keepBranch) await runner.call('git.commit', { path: place.path, message: `Work of ${workspace.name}` })
    const ref = `refs/skein/trash/${workspace.id}/${row.position}`
    await runner.call('git.snapshot', { path: place.path, ref, message: `${row.folder} of ${workspace.name}` })
    const kept = await commitAt({ runner, repo }, ref)
    if (kept === undefined) throw new SkeinError('internal', `the snapshot of ${row.folder} is not there`)
    const { head } = await runner.call('git.inspect', { path: place.path })
    const branch = keepBranch && head !== null ? { [`refs/heads/${row.branch}`]: head } : {}
    await bringHome(context, project, { runner, repo }, { [ref]: kept, ...branch })
    await context.db
      .updateTable('workspace_repositories')
      .set({ snapshot_ref: ref })
      .where('workspace_id', '=', workspace.id)
      .where('folder', '=', row.folder)
      .execute()
    await runner.call('git.removeWorkspace', {
      repo,
      path: place.path,
      branch: row.branch,
      deleteBranch: workspace.machine_id !== HOME_MACHINE || !keepBranch,
      trash: trashOf(context, workspace.machine_id, runner),
      snapshotRef: ref,
    })
  }
}

/** As clients see them; absent where a workspace is of one repository. */
export async function viewRepositories(
  context: EngineContext,
  workspaceId: string,
): Promise<Pick<Workspace, 'repositories'>> {
  const rows = await repositoriesOf(context, workspaceId)
  if (rows.length === 0) return {}
  return {
    repositories: rows.map(({ folder, project_id, branch, base }) => ({ folder, projectId: project_id, branch, base })),
  }
}

/** The work tree in a folder of a workspace, or the workspace's own. */
export async function workTreeIn<T extends WorkspaceTable & { base: string }>(
  context: EngineContext,
  workspace: T,
  folder: string | undefined,
): Promise<T> {
  if (folder === undefined) return workspace
  const row = (await repositoriesOf(context, workspace.id)).find((one) => one.folder === folder)
  if (!row)
    throw new SkeinError('not_found', `the workspace ${workspace.name} has no repository in ${folder}`, {
      next: 'Look at `repositories` of the workspace.',
    })
  return { ...workspace, path: join(workspace.path, folder), base: row.base, branch: row.branch }
}

function repositoriesOf(context: EngineContext, workspaceId: string): Promise<WorkspaceRepositoryTable[]> {
  return context.db
    .selectFrom('workspace_repositories')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .orderBy('position')
    .execute()
}

const baseRefOf = ({ workspace_id, position }: WorkspaceRepositoryTable) => `${baseRef(workspace_id)}-${position}`

/** It is a work tree of ours, also where the workspace came with a checkout. */
function placeOf(workspace: WorkspaceTable, { folder }: WorkspaceRepositoryTable) {
  return { machine_id: workspace.machine_id, in_place: 0, path: join(workspace.path, folder) }
}

/** They are no part of what the workspace's own repository holds. */
async function ignoreFolders(runner: RunnerClient, workspace: WorkspaceTable, folders: string[]): Promise<void> {
  const { stdout, code, stderr } = await runner.call('exec', {
    argv: ['git', '-C', workspace.path, 'rev-parse', '--path-format=absolute', '--git-path', 'info/exclude'],
  })
  if (code !== 0) throw new SkeinError('internal', `looking for what ${workspace.path} ignores: ${stderr.trim()}`)
  const path = stdout.trim()
  const lines = folders.map((folder) => `/${folder.replaceAll(/[\\*?[\]!# ]/g, '\\$&')}/\n`)
  await runner.call('fs.write', { path, base64: Buffer.from(lines.join('')).toString('base64') })
}

/** Where work trees of ours lie that are part of a workspace. */
export async function repositoryPaths(context: EngineContext): Promise<string[]> {
  const rows = await context.db
    .selectFrom('workspace_repositories')
    .innerJoin('workspaces', 'workspaces.id', 'workspace_repositories.workspace_id')
    .select(['workspaces.path', 'workspace_repositories.folder'])
    .where('workspaces.state', '<>', 'removed')
    .execute()
  return rows.map(({ path, folder }) => join(path, folder))
}

/** What a workspace of several cannot do yet. */
export async function refuseSeveral(context: EngineContext, workspaceId: string, doing: string): Promise<void> {
  if ((await repositoriesOf(context, workspaceId)).length === 0) return
  throw new SkeinError('conflict', `${doing}: it holds several repositories`, {
    next: 'Make a new workspace there from the branches of this one.',
  })
}
