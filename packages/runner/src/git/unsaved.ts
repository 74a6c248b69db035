import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { git } from './git.ts'
import { kindAt, type LinkedWorkTree } from './linked-work-tree.ts'
import { isElsewhere, linksOf } from './nested.ts'
import { branchOf, findObjectId, type Repository, refValue } from './repository.ts'
import { covers } from './snapshot.ts'
import { countEntries } from './status.ts'

interface Removal {
  repository: Repository
  tree: LinkedWorkTree | undefined
  /** The branch that is to be deleted with it. */
  branch: { name: string; value: string } | undefined
  snapshotRef: string | undefined
  signal: AbortSignal | undefined
}

/**
 * Throws `needs_confirmation` when a removal would lose what no ref has: files or an index that the snapshot does not have as
 * they are, or commits on HEAD or on the branch that nothing else reaches.
 */
export async function expectNothingLost(context: GitContext, removal: Removal): Promise<void> {
  const { repository, tree, snapshotRef } = removal
  const [files, commits] = await Promise.all([uncoveredFiles(context, removal), unsavedCommits(removal)])
  const lost = [...files]
  if (commits > 0) lost.push(counted(commits, 'commit that nothing else has', 'commits that nothing else has'))
  if (lost.length === 0) return
  const what = tree?.path ?? removal.branch?.name ?? repository.at
  throw new SkeinError('needs_confirmation', `removing ${what} would lose ${lost.join(', ')}`, {
    next:
      snapshotRef === undefined
        ? 'Take a snapshot first, or use force.'
        : `Take the snapshot ${snapshotRef} again: it does not hold the present state.`,
    details: { lost, confirm: 'force' },
  })
}

async function uncoveredFiles(
  context: GitContext,
  { repository, tree, snapshotRef, signal }: Removal,
): Promise<string[]> {
  if (tree === undefined || (await kindAt(tree.path)) === 'none') return []
  const files = await unsavedFiles(tree, signal)
  if (files.length === 0 || snapshotRef === undefined) return files
  const own = { at: tree.path, commonDir: repository.commonDir, gitDir: tree.gitDir }
  return (await covers(context, own, snapshotRef, signal)) ? [] : files
}

async function unsavedFiles({ path, gitDir }: LinkedWorkTree, signal?: AbortSignal): Promise<string[]> {
  const flags = ['--porcelain=v2', '-z', '--untracked-files=all', '--ignore-submodules=none']
  const { stdout } = await git(['status', ...flags], { doing: `reading the status of ${path}`, at: path, signal })
  const { staged, unstaged, untracked, unmerged } = countEntries(stdout)
  const lost: string[] = []
  const changed = staged + unstaged + unmerged
  if (changed > 0) lost.push(counted(changed, 'uncommitted change', 'uncommitted changes'))
  if (untracked > 0) lost.push(counted(untracked, 'untracked file', 'untracked files'))
  // The commits of its submodules are in its own git folder and go with it.
  if (
    lost.length === 0 &&
    (await kindAt(join(gitDir, 'modules'))) === 'folder' &&
    (await submodulesHaveMore(path, signal))
  ) {
    lost.push('commits in submodules')
  }
  return lost
}

async function submodulesHaveMore(at: string, signal?: AbortSignal): Promise<boolean> {
  const links = await linksOf({ at, env: {}, signal })
  const inside = links.map((path) => join(at, path))
  const populated = await Promise.all(inside.map(async (path) => (await kindAt(join(path, '.git'))) !== 'none'))
  const elsewhere = await Promise.all(
    inside.filter((_, index) => populated[index]).map((path) => isElsewhere(path, signal)),
  )
  return elsewhere.includes(false)
}

/** Commits that go with the branch, or with a HEAD that is on no branch. */
async function unsavedCommits({ repository, tree, branch, snapshotRef, signal }: Removal): Promise<number> {
  const tips: string[] = branch === undefined ? [] : [branch.value]
  const snapshot = snapshotRef === undefined ? undefined : await refValue(repository.at, snapshotRef, signal)
  const head = tree === undefined ? undefined : await detachedHead(repository, tree, signal)
  if (head !== undefined) tips.push(head)
  if (tips.length === 0) return 0
  const except = branch === undefined ? [] : [`--exclude=${branch.name}`]
  const kept = snapshot === undefined ? [] : [snapshot]
  const { stdout } = await git(
    ['rev-list', '--count', ...tips, '--not', ...kept, ...except, '--branches', '--remotes', '--tags'],
    {
      doing: `looking for commits of ${repository.at} that nothing else has`,
      at: repository.at,
      signal,
    },
  )
  return Number(stdout.toString('utf8').trim())
}

/** Asked of the git folder, since the work tree itself may be missing. */
async function detachedHead(
  { at }: Repository,
  { path, gitDir }: LinkedWorkTree,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const env = { GIT_DIR: gitDir }
  if ((await branchOf(at, signal, env)) !== null) return undefined
  return findObjectId('HEAD', 'commit', { at, doing: `reading HEAD of ${path}`, env, signal })
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
