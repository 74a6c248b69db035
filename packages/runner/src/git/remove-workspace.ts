import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { discard, sweepAbandoned } from './abandoned.ts'
import type { GitContext } from './context.ts'
import { gitText } from './git.ts'
import {
  dropGitDir,
  kindAt,
  type LinkedWorkTree,
  linkedWorkTreeAt,
  linkedWorkTrees,
  lockOf,
  realPlaceOf,
} from './linked-work-tree.ts'
import { deleteBranch } from './making.ts'
import { checkBranch } from './names.ts'
import { openRepository, type Repository, refValue } from './repository.ts'
import { expectNothingLost } from './unsaved.ts'

type Params = RunnerParams<'git.removeWorkspace'>

/**
 * Takes a work tree away: its folder by one rename, then git's record of it, then the branch if asked. Space is freed behind.
 * Killed between two of these, the next call does the rest.
 */
export async function removeWorkspace(
  context: GitContext,
  params: Params,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.removeWorkspace'>> {
  if (params.branch !== undefined) checkBranch(params.branch)
  const path = await realPlaceOf(params.path)
  return context.places.run(path, async () => {
    const repository = await openRepository(params.repo, signal)
    await context.trash.sweep(params.trash)
    await discardAbandoned(context, repository, path)

    const tree = await findTree(repository, path)
    const branch = await branchToDelete(repository, params, signal)
    if (params.force !== true) {
      if (tree !== undefined) await expectUnlocked(tree)
      await expectNothingLost(context, { repository, tree, branch, snapshotRef: params.snapshotRef, signal })
    }
    const removed = tree !== undefined && (await takeAway(context, tree, params.trash))
    await context.records.forget(path)
    if (branch !== undefined) {
      await expectNotCheckedOut(repository, branch.name)
      await deleteBranch(repository, branch.name, branch.value)
    }
    return { removed: removed || branch !== undefined }
  })
}

/** What was being made for this place by a process that has ended. */
async function discardAbandoned(context: GitContext, repository: Repository, path: string): Promise<void> {
  for (const { container, going } of await sweepAbandoned(context, repository.commonDir, dirname(path))) {
    if (going.path === path) await discard(context, repository.commonDir, container)
  }
}

/** Only a linked work tree of this very repository is ever taken away; its folder may be missing already. */
async function findTree(repository: Repository, path: string): Promise<LinkedWorkTree | undefined> {
  const tree = await linkedWorkTreeAt(repository.commonDir, path)
  if (tree !== undefined && (await kindAt(path)) !== 'link') return tree
  const recorded = (await linkedWorkTrees(repository.commonDir)).find((one) => one.path === path)
  const kind = await kindAt(path)
  if (kind === 'none' || kind === 'empty_folder') return recorded
  const pointer = join(path, '.git')
  if (recorded !== undefined && kind === 'folder' && ['none', 'file'].includes(await kindAt(pointer))) {
    // Somebody deleted or changed the pointer; with the right one, git can say what the folder holds.
    await rm(pointer, { force: true })
    await writeFile(pointer, `gitdir: ${recorded.gitDir}\n`)
    return recorded
  }
  throw new SkeinError('conflict', `removing the workspace ${path}: it is not a work tree of ${repository.at}`, {
    next: 'Look at what is there, and remove it by hand if it is not needed.',
  })
}

async function branchToDelete(
  repository: Repository,
  { branch, deleteBranch }: Params,
  signal?: AbortSignal,
): Promise<{ name: string; value: string } | undefined> {
  if (!deleteBranch || branch === undefined) return undefined
  const value = await refValue(repository.at, `refs/heads/${branch}`, signal)
  return value === undefined ? undefined : { name: branch, value }
}

async function expectUnlocked({ path, gitDir }: LinkedWorkTree): Promise<void> {
  const reason = await lockOf(gitDir)
  if (reason === undefined) return
  throw new SkeinError('conflict', `removing the workspace ${path}: somebody locked it (${reason})`, {
    next: `git worktree unlock '${path}', or remove it with force.`,
  })
}

async function takeAway(context: GitContext, tree: LinkedWorkTree, trash: string): Promise<boolean> {
  const wasThere = await context.trash.take(tree.path, trash)
  const place = await context.trash.place(trash)
  await dropGitDir(tree.gitDir, place)
  context.trash.delete(place)
  return wasThere
}

async function expectNotCheckedOut({ at }: Repository, branch: string): Promise<void> {
  const where = await gitText(['for-each-ref', '--format=%(worktreepath)', `refs/heads/${branch}`], {
    doing: `looking where ${branch} is checked out`,
    at,
  })
  if (where === '') return
  throw new SkeinError('conflict', `deleting the branch ${branch}: it is checked out at ${where}`, {
    next: 'The workspace is removed; delete the branch once nothing has it checked out.',
  })
}
