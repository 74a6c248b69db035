import { createHash } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { objectStore, type PrivateIndex, privateIndex, stageAll, writeTree } from './capture.ts'
import type { GitContext } from './context.ts'
import { openWorkTree } from './open-work-tree.ts'
import type { Repository } from './repository.ts'

/** The state of a work tree as a tree, whose objects lie in a scratch folder: the repository gains nothing. */
export interface WorkTreeState {
  tree: string
  repository: Repository
  /** Environment for git commands that read the tree. */
  env: Record<string, string>
}

/** Takes the state of a work tree: committed, staged, unstaged and untracked. Kept for a while, so that it can be asked about again. */
export async function takeState(context: GitContext, path: string, signal?: AbortSignal): Promise<WorkTreeState> {
  const repository = await openWorkTree(context, path, signal)
  return context.scratch.with(async (folder) => {
    const { tree } = await stagedCopy(repository, folder, { signal })
    const state = stateOf(context, repository, tree)
    await keepObjects(context, join(folder, 'objects'), state)
    return state
  })
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
