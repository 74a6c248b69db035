import { basename, dirname } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { discard, finishAbandoned } from './abandoned.ts'
import type { GitContext } from './context.ts'
import { git } from './git.ts'
import { linkedWorkTreeAt, placeFor, unlock } from './linked-work-tree.ts'
import { addWorkTree, arrive, checkPlaceIsFree, fillWorkTree, type Making, makeContainer } from './making.ts'
import { checkBranch, checkOwnRef, NO_COMMIT } from './names.ts'
import { branchOf, openRepository, type Repository, refValue } from './repository.ts'
import { putBack, readMeta } from './restored-state.ts'
import { treesOf } from './snapshot.ts'
import type { SnapshotMeta } from './snapshot-content.ts'
import { fillSubmodules } from './submodules.ts'

type Params = RunnerParams<'git.restore'>

/**
 * Makes a work tree from a snapshot: aside and in full, then put in place by one rename, as `createWorkspace` does. Asked
 * again, it answers what is there.
 */
export async function restore(
  context: GitContext,
  params: Params,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.restore'>> {
  const { branch, ref } = params
  checkBranch(branch)
  checkOwnRef(ref)
  const path = await placeFor(params.path)
  return context.places.run(path, async () => {
    const repository = await openRepository(params.repo, signal)
    const snapshot = await readSnapshot(repository, ref, signal)
    const { meta, tip } = snapshot
    const head = meta.head ?? NO_COMMIT
    if (await isThere(repository, path, branch, meta)) return { head, branch }

    await finishAbandoned(context, repository, { path, branches: [branch, null] })
    if (await isThere(repository, path, branch, meta)) return { head, branch }
    await checkPlaceIsFree(path)
    await expectBranchFits(repository, { branch, tip, meta, signal })

    const container = await makeContainer(dirname(path))
    try {
      const making = await makeAside(context, repository, container, {
        name: basename(path),
        ...snapshot,
        branch,
        signal,
      })
      const onBranch = meta.branch !== null
      if (!onBranch) await branchBeside(repository, branch, tip)
      await arrive(context, repository, making, { path, branch: onBranch ? branch : null, head: tip })
    } catch (error) {
      await discard(context, repository.commonDir, container)
      throw error
    }
    return { head, branch }
  })
}

interface Snapshot {
  commit: string
  tree: string
  state: string
  meta: SnapshotMeta
  /** Where the branch is to be: at HEAD, or where it was when a rebase began. */
  tip: string
}

async function readSnapshot(repository: Repository, ref: string, signal?: AbortSignal): Promise<Snapshot> {
  const trees = await treesOf(repository, ref, signal)
  const meta = trees && (await readMeta(repository, trees.state, signal))
  const commit = await refValue(repository.at, ref, signal)
  if (trees === undefined || meta === undefined || commit === undefined) {
    throw new SkeinError('not_found', `restoring ${ref} of ${repository.at}: there is no such snapshot`, {
      next: 'It may have expired, or belong to another clone.',
    })
  }
  return { ...trees, commit, meta, tip: meta.rebasing?.tip ?? meta.head ?? NO_COMMIT }
}

async function isThere({ commonDir }: Repository, path: string, branch: string, meta: SnapshotMeta): Promise<boolean> {
  const tree = await linkedWorkTreeAt(commonDir, path)
  if (tree === undefined) return false
  const on = await branchOf(path)
  if (on !== (meta.branch === null ? null : branch)) {
    throw new SkeinError(
      'conflict',
      `restoring ${branch} to ${path}: there is a workspace on ${on ?? 'no branch'} already`,
      {
        next: 'Remove that one first, or restore to another path.',
      },
    )
  }
  await unlock(tree.gitDir)
  return true
}

async function expectBranchFits(
  repository: Repository,
  { branch, tip, meta, signal }: { branch: string; tip: string; meta: SnapshotMeta; signal: AbortSignal | undefined },
): Promise<void> {
  const value = await refValue(repository.at, `refs/heads/${branch}`, signal)
  // A HEAD that was on no branch goes with a branch that may have been anywhere.
  if (value === undefined || value === tip || (meta.branch === null && meta.rebasing === null)) return
  throw new SkeinError(
    'conflict',
    `restoring ${branch}: that branch is at ${value.slice(0, 12)} now, the snapshot has it at ${tip.slice(0, 12)}`,
    {
      next: `Rename or delete the branch (git branch -m ${branch} NEW-NAME), then restore again.`,
    },
  )
}

async function branchBeside(repository: Repository, branch: string, tip: string): Promise<void> {
  if (tip === NO_COMMIT || (await refValue(repository.at, `refs/heads/${branch}`)) !== undefined) return
  await git(
    ['update-ref', '-m', 'branch: Restored by Skein', `refs/heads/${branch}`, tip, NO_COMMIT.padEnd(tip.length, '0')],
    {
      doing: `making the branch ${branch} in ${repository.at}`,
      at: repository.at,
      writes: true,
    },
  )
}

async function makeAside(
  context: GitContext,
  repository: Repository,
  container: string,
  {
    name,
    commit,
    tree,
    state,
    meta,
    branch,
    signal,
  }: Snapshot & { name: string; branch: string; signal: AbortSignal | undefined },
): Promise<Making> {
  // Before the first commit there is nothing to be detached at but the snapshot itself; `arrive` sets HEAD to the branch.
  const making = await addWorkTree(context, repository, container, { name, commit: meta.head ?? commit, signal })
  await fillWorkTree(making.tree, tree, signal)
  await putBack(making.tree, { tree, state, meta, branch, signal })
  await fillSubmodules(repository, making.tree, signal)
  return making
}
