import { basename } from 'node:path'
import { type Project, type RepositoryScript, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import type { Store } from '../store/schema.ts'
import { scriptsAt, trustState } from './trust.ts'

export type ProjectRow = Store['projects']

/** Makes a repository known as a project, or finds it. Every case that cannot work is told in its own words, before anything is made. */
export async function openProject(context: EngineContext, path: string): Promise<ProjectRow> {
  const runner = await context.machines.runner(await context.machines.ensure(HOME_MACHINE))
  const found = await runner.call('git.inspect', { path })
  if (found.kind === 'none' || found.root === undefined || found.commonDir === undefined) {
    throw new SkeinError('invalid', found.problem ?? `${path} is not inside a git repository`, {
      next: 'Go to a repository, name one with --repo, or make one: git init && git commit.',
    })
  }
  if (found.problem !== undefined) throw new SkeinError('invalid', found.problem)
  if (found.empty) {
    throw new SkeinError(
      'invalid',
      `the repository ${found.root} has no commit yet, so there is nothing to begin from`,
      { next: 'Make a first commit: git commit --allow-empty -m "Begin"' },
    )
  }
  const known = await context.db.selectFrom('projects').selectAll().where('path', '=', found.root).executeTakeFirst()
  if (known?.removed_at === null) return known
  if (known) {
    await context.db.updateTable('projects').set({ removed_at: null }).where('id', '=', known.id).execute()
    context.changes.project(known.id)
    return { ...known, removed_at: null }
  }
  const row: ProjectRow = {
    id: shortId('p-', found.root),
    name: basename(found.root).replace(/\.git$/, ''),
    path: found.root,
    common_dir: found.commonDir,
    added_at: context.clock.now(),
    trusted_hash: null,
    demo: 0,
    removed_at: null,
  }
  await context.db
    .insertInto('projects')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  context.changes.project(row.id)
  return row
}

export async function projectRow(context: EngineContext, id: string): Promise<ProjectRow> {
  const row = await context.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new SkeinError('not_found', `there is no project ${id}`)
  return row
}

export async function viewProject(context: EngineContext, row: ProjectRow): Promise<Project> {
  // A repository that was moved away or damaged is still a project, and nothing in it is trusted.
  const trust = await scriptsAt(context, row, 'HEAD').then(
    ({ hash, scripts }) => ({ state: trustState(row, hash, scripts), hash }),
    () => ({ state: 'untrusted' as const, hash: '' }),
  )
  return {
    id: row.id,
    name: row.name,
    path: row.path,
    addedAt: row.added_at,
    trust,
    demo: Number(row.demo) === 1,
  }
}

export async function repositoryScriptsOf(
  context: EngineContext,
  row: ProjectRow,
  ref: string,
): Promise<{ hash: string; trusted: boolean; scripts: RepositoryScript[] }> {
  const { hash, scripts } = await scriptsAt(context, row, ref)
  return { hash, trusted: row.trusted_hash === hash || scripts.length === 0, scripts }
}

/** Trust is given to exactly what was shown: a hash that is no longer the present one is refused. */
export async function trustProject(context: EngineContext, row: ProjectRow, hash: string | null): Promise<ProjectRow> {
  if (hash !== null && !/^[0-9a-f]{64}$/.test(hash))
    throw new SkeinError('invalid', 'the hash to trust is not a SHA-256', { next: 'Take it from: skein trust --json' })
  await context.db.updateTable('projects').set({ trusted_hash: hash }).where('id', '=', row.id).execute()
  context.changes.project(row.id)
  return { ...row, trusted_hash: hash }
}

/** The projects that are to be seen. */
export async function listProjects(context: EngineContext): Promise<Project[]> {
  const rows = await context.db
    .selectFrom('projects')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute()
  return Promise.all(rows.map((row) => viewProject(context, row)))
}

/** Forgets a project, and that it was trusted. What was removed of it stays restorable once it is opened again. */
export async function removeProject(context: EngineContext, id: string): Promise<void> {
  const row = await projectRow(context, id)
  const used = await context.db
    .selectFrom('workspaces')
    .select('name')
    .where('project_id', '=', id)
    .where('state', '<>', 'removed')
    .execute()
  if (used.length > 0)
    throw new SkeinError(
      'conflict',
      `the project ${row.name} has ${used.length} ${used.length === 1 ? 'workspace' : 'workspaces'}: ${used.map(({ name }) => name).join(', ')}`,
      { next: 'Remove them first.' },
    )
  await context.db
    .updateTable('projects')
    .set({ removed_at: context.clock.now(), trusted_hash: null })
    .where('id', '=', id)
    .execute()
  context.pools.wake()
  context.changes.project(id)
}

/** Branches that a workspace can begin from; `base` is what it begins from unless told otherwise. */
export async function branchesOf(context: EngineContext, id: string): Promise<{ branches: string[]; base: string }> {
  const row = await projectRow(context, id)
  const runner = await context.machines.runner(HOME_MACHINE)
  const { branches, head } = await runner.call('git.branches', { repo: row.path })
  return { branches, base: head ?? 'HEAD' }
}

/** A project as clients see it; undefined when it was removed. */
export async function shownProject(context: EngineContext, id: string): Promise<Project | undefined> {
  const row = await context.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return row && viewProject(context, row)
}
