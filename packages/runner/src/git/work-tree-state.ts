import { createHash } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { objectStore, type PrivateIndex, privateIndex, stageAll, writeTree } from './capture.ts'
import type { GitContext } from './context.ts'
import { ignoredButStaged, indexOfLast, lastState, linkObjects, rememberState, stampOf } from './last-state.ts'
import { openWorkTree } from './open-work-tree.ts'
import { findObjectId, objectId, type Repository } from './repository.ts'

/** The state of a work tree as a tree, whose objects lie in a scratch folder: the repository gains nothing. */
export interface WorkTreeState {
  tree: string
  repository: Repository
  /** Environment for git commands that read the tree. */
  env: Record<string, string>
}

/**
 * Takes the state of a work tree: committed, staged, unstaged and untracked. Kept for a while, so that it can be asked about again.
 * Those who ask at the same time share one.
 */
export async function takeState(context: GitContext, path: string, signal?: AbortSignal): Promise<WorkTreeState> {
  const repository = await openWorkTree(context, path, signal)
  return context.states.run(repository.gitDir, (shared) => take(context, repository, shared), signal)
}

async function take(context: GitContext, repository: Repository, signal: AbortSignal): Promise<WorkTreeState> {
  return context.scratch.with(async (folder) => {
    const tree =
      (await stageSinceLast(context, repository, join(folder, 'since'), signal)) ??
      (await stageAfresh(context, repository, join(folder, 'afresh'), signal))
    return stateOf(context, repository, tree)
  })
}

/** Only what changed since the last time is read again. Undefined where that time tells nothing of now. */
async function stageSinceLast(
  context: GitContext,
  repository: Repository,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const last = await lastState(context, repository)
  if (last === undefined) return undefined
  const before = stateName(repository, last.tree)
  const index = await indexOfLast(context, repository, { folder, objects: before, signal })
  if (index === undefined) return undefined
  const { excluded } = await stageAll(index, { lenient: true })
  const [tree, ignored] = await Promise.all([writeTree(index), ignoredButStaged(index)])
  // Files that were staged by us alone and have been told to be ignored since would stay.
  if (excluded.length > 0 || ignored !== last.ignored) return undefined
  if (tree !== last.tree) {
    await linkObjects(join(context.scratch.path(before), 'objects'), join(folder, 'objects'))
    await keepObjects(context, join(folder, 'objects'), stateOf(context, repository, tree))
  }
  await rememberState(context, index, { ...last, tree })
  return tree
}

async function stageAfresh(
  context: GitContext,
  repository: Repository,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const own = await stampOf(repository)
  const index = await privateIndex(repository, folder, { keepObjects: false, signal })
  const { excluded } = await stageAll(index, { lenient: true })
  const [tree, ignored] = await Promise.all([writeTree(index), ignoredButStaged(index)])
  await keepObjects(context, join(folder, 'objects'), stateOf(context, repository, tree))
  if (own !== undefined && excluded.length === 0) await rememberState(context, index, { tree, own, ignored })
  return tree
}

/** A state that was taken before; undefined when it has gone since. */
export async function findState(
  context: GitContext,
  path: string,
  tree: string,
  signal?: AbortSignal,
): Promise<WorkTreeState | undefined> {
  const repository = await openWorkTree(context, path, signal)
  return (await context.scratch.keep(stateName(repository, tree))) ? stateOf(context, repository, tree) : undefined
}

/**
 * The work tree as it is now, or a tree that an earlier answer named or that a ref keeps; with what it is compared with, which
 * may be a commit or such a tree too. Throws `conflict` when a tree is not kept any more.
 */
export async function comparedStates(
  context: GitContext,
  { path, base, tree, doing }: { path: string; base: string; tree?: string | undefined; doing: string },
  signal?: AbortSignal,
): Promise<{ state: WorkTreeState; base: string }> {
  const state =
    tree === undefined ? await takeState(context, path, signal) : await keptTree(context, path, tree, signal)
  const found = await findObjectId(base, 'tree', { at: path, doing, env: state.env, signal })
  if (found !== undefined) return { state, base: found }
  const before = await findState(context, path, base, signal)
  if (before === undefined) return { state, base: await objectId(base, 'tree', { at: path, doing, signal }) }
  const own = context.scratch.path(stateName(state.repository, state.tree))
  const both = objectStore(join(own, 'objects'), [
    state.repository.commonDir,
    context.scratch.path(stateName(before.repository, before.tree)),
  ])
  return { state: { ...state, env: both }, base: before.tree }
}

async function keptTree(context: GitContext, path: string, tree: string, signal?: AbortSignal): Promise<WorkTreeState> {
  const kept = await findState(context, path, tree, signal)
  if (kept !== undefined) return kept
  const repository = await openWorkTree(context, path, signal)
  const id = await findObjectId(tree, 'tree', { at: path, doing: `reading a state of ${path}`, signal })
  if (id !== undefined) return { tree: id, repository, env: {} }
  const present = await takeState(context, path, signal)
  if (present.tree === tree) return present
  throw new SkeinError(
    'conflict',
    `reading a state of ${path}: it has changed since, and its state ${tree} is not kept any more`,
    { next: 'Ask for the changes from the beginning.' },
  )
}

/** A private index with everything staged, and its tree, in a folder. */
export async function stagedCopy(
  repository: Repository,
  folder: string,
  options: { borrowFrom?: readonly string[]; signal?: AbortSignal | undefined },
): Promise<{ index: PrivateIndex; tree: string }> {
  const index = await privateIndex(repository, folder, { keepObjects: false, ...options })
  await stageAll(index, { lenient: true })
  return { index, tree: await writeTree(index) }
}

/** Of one repository: in another the same tree may lack other objects. */
function stateName({ commonDir }: Repository, tree: string): string {
  return `state-${createHash('sha256').update(commonDir).digest('hex').slice(0, 16)}-${tree}`
}

function stateOf(context: GitContext, repository: Repository, tree: string): WorkTreeState {
  const objects = join(context.scratch.path(stateName(repository, tree)), 'objects')
  return { tree, repository, env: objectStore(objects, [repository.commonDir]) }
}

async function keepObjects(context: GitContext, objects: string, { repository, tree }: WorkTreeState): Promise<void> {
  if (await context.scratch.keep(stateName(repository, tree))) return
  const kept = `${objects}-kept`
  await mkdir(kept)
  await rename(objects, join(kept, 'objects'))
  // Whoever is first wins: equal trees have equal objects.
  await rename(kept, context.scratch.path(stateName(repository, tree))).catch(() => {})
}
