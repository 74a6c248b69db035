import { basename, dirname } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { discard, finishAbandoned } from './abandoned.ts'
import type { GitContext } from './context.ts'
import { git, gitText } from './git.ts'
import { linkedWorkTreeAt, linkedWorkTrees, placeFor, unlock } from './linked-work-tree.ts'
import { addWorkTree, arrive, checkPlaceIsFree, fillWorkTree, headOf, type Making, makeContainer } from './making.ts'
import { checkBranch, NO_COMMIT } from './names.ts'
import { claimFromPool } from './pool.ts'
import { branchOf, objectId, openRepository, type Repository, refValue } from './repository.ts'
import { fillSubmodules } from './submodules.ts'

type Params = RunnerParams<'git.createWorkspace'>
type Result = RunnerResult<'git.createWorkspace'>

/**
 * A work tree at `path` on a branch: made aside (or claimed from the pool), then put in place by one rename. Asked again, it
 * answers what is there; killed at any step, the next call finishes or discards what was begun.
 */
export async function createWorkspace(context: GitContext, params: Params, signal?: AbortSignal): Promise<Result> {
  checkBranch(params.branch)
  const path = await placeFor(params.path)
  return context.places.run(path, async () => {
    const repository = await openRepository(params.repo, signal)
    const there = await whatIsThere(repository, path, params.branch)
    if (there !== undefined) return { head: there, fromPool: false, existed: true }

    await finishAbandoned(context, repository, { path, branches: [params.branch] })
    const finished = await whatIsThere(repository, path, params.branch)
    if (finished !== undefined) return { head: finished, fromPool: false, existed: false }

    await checkPlaceIsFree(path)
    const commit = await startingCommit(repository, path, params, signal)
    const { making, fromPool } = await makeAside(context, repository, { path, commit, pool: params.pool, signal })
    try {
      await fillSubmodules(repository, making.tree, signal)
      await arrive(context, repository, making, { path, branch: params.branch, head: commit })
    } catch (error) {
      await discard(context, repository.commonDir, making.container)
      throw error
    }
    if (params.hooks === true) await runPostCheckout(path, commit, signal)
    return { head: commit, fromPool, existed: false }
  })
}

/** The head of the work tree that is at the path on that branch; undefined where there is nothing. */
async function whatIsThere({ commonDir }: Repository, path: string, branch: string): Promise<string | undefined> {
  const tree = await linkedWorkTreeAt(commonDir, path)
  if (tree === undefined) return undefined
  const on = await branchOf(path)
  if (on !== branch) {
    throw new SkeinError('conflict', `making a workspace at ${path}: there is one on ${on ?? 'no branch'} already`, {
      next: `Remove that one, or choose another path for ${branch}.`,
    })
  }
  await unlock(tree.gitDir)
  return headOf(path)
}

/** The base; for a branch that exists, its tip. */
async function startingCommit(
  repository: Repository,
  path: string,
  { branch, base, existing }: Params,
  signal?: AbortSignal,
): Promise<string> {
  const doing = `making a workspace at ${path}`
  const tip = await refValue(repository.at, `refs/heads/${branch}`, signal)
  if (existing !== true) {
    if (tip === undefined) return objectId(base, 'commit', { at: repository.at, doing, signal })
    throw new SkeinError('conflict', `${doing}: there is a branch ${branch} already`, {
      next: 'Choose another name, or ask for the branch that exists.',
    })
  }
  if (tip === undefined) {
    throw new SkeinError('not_found', `${doing}: there is no branch ${branch} in ${repository.at}`, {
      next: 'Make it, or ask for a new branch.',
    })
  }
  await checkBranchIsFree(repository, path, branch)
  return tip
}

async function checkBranchIsFree(repository: Repository, path: string, branch: string): Promise<void> {
  const where = await gitText(['for-each-ref', '--format=%(worktreepath)', `refs/heads/${branch}`], {
    doing: `looking where ${branch} is checked out`,
    at: repository.at,
  })
  if (where === '') return
  if (where === path) return dropRecordOf(repository, path)
  throw new SkeinError('conflict', `making a workspace at ${path}: ${branch} is checked out at ${where}`, {
    next: 'Use that work tree, or another branch.',
  })
}

/** Somebody deleted the folder of the work tree that was here; git still has it on its list. */
async function dropRecordOf({ at, commonDir }: Repository, path: string): Promise<void> {
  const known = (await linkedWorkTrees(commonDir)).some((tree) => tree.path === path)
  if (!known) return
  await git(['worktree', 'remove', '--force', '--force', '--', path], {
    doing: `forgetting the missing work tree ${path}`,
    at,
    writes: true,
  })
}

async function makeAside(
  context: GitContext,
  repository: Repository,
  {
    path,
    commit,
    pool,
    signal,
  }: { path: string; commit: string; pool: string | undefined; signal?: AbortSignal | undefined },
): Promise<{ making: Making; fromPool: boolean }> {
  const folder = dirname(path)
  if (pool !== undefined) {
    const claimed = await claimFromPool(context, repository, { pool, folder, commit, signal })
    if (claimed !== undefined) return { making: claimed, fromPool: true }
  }
  const container = await makeContainer(folder)
  try {
    const making = await addWorkTree(context, repository, container, { name: basename(path), commit, signal })
    await fillWorkTree(making.tree, commit, signal)
    return { making, fromPool: false }
  } catch (error) {
    await discard(context, repository.commonDir, container)
    throw error
  }
}

/** As `git worktree add` does; a hook that fails does not undo the work tree. */
async function runPostCheckout(path: string, commit: string, signal?: AbortSignal): Promise<void> {
  const nothing = NO_COMMIT.padEnd(commit.length, '0')
  await git(['hook', 'run', '--ignore-missing', 'post-checkout', '--', nothing, commit, '1'], {
    doing: `running the post-checkout hook in ${path}`,
    at: path,
    writes: true,
    hooks: true,
    answers: Array.from({ length: 255 }, (_, index) => index + 1),
    signal,
  })
}
