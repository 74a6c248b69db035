import type { RunnerParams, RunnerResult } from '@skein/protocol'
import { privateIndex, stageAll, writeTree } from './capture.ts'
import type { GitContext } from './context.ts'
import { git } from './git.ts'
import { checkOwnRef, NO_COMMIT } from './names.ts'
import { openWorkTree } from './open-work-tree.ts'
import type { Repository } from './repository.ts'
import { composeSnapshot, type SnapshotContent } from './snapshot-content.ts'

/** Keeps the whole state of a work tree under a ref; the work tree, its index and its branch stay as they are. */
export async function takeSnapshot(
  context: GitContext,
  { path, ref, message }: RunnerParams<'git.snapshot'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.snapshot'>> {
  checkOwnRef(ref)
  const repository = await openWorkTree(context, path, signal)
  return context.scratch.with(async (folder) => {
    const content = await composeSnapshot(repository, folder, { keepObjects: true, signal })
    const { head, branch, dirty, tree, state, needs } = content
    const stateCommit = await commitTree(repository, { tree: state, parents: needs, message: 'state', signal })
    const parents = head === null ? [stateCommit] : [head, stateCommit]
    const commit = await commitTree(repository, { tree, parents, message, signal })
    await git(['update-ref', '-m', 'skein: snapshot', ref, commit], {
      doing: `keeping the snapshot ${ref}`,
      at: path,
      writes: true,
      signal,
    })
    return { commit, head: head ?? NO_COMMIT, branch, dirty, tree }
  })
}

/** Keeps the files of a work tree as a tree. */
export async function keepTree(
  context: GitContext,
  { path, ref }: RunnerParams<'git.keepTree'>,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.keepTree'>> {
  checkOwnRef(ref)
  const repository = await openWorkTree(context, path, signal)
  return context.scratch.with(async (folder) => {
    const index = await privateIndex(repository, folder, { keepObjects: true, signal })
    await stageAll(index, { lenient: true })
    const tree = await writeTree(index)
    await git(['update-ref', ref, tree], { doing: `keeping ${ref}`, at: path, writes: true, signal })
    return { tree }
  })
}

/** Snapshots are Skein's own: they need no identity of the user's. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'Skein',
  GIT_AUTHOR_EMAIL: 'skein@localhost',
  GIT_COMMITTER_NAME: 'Skein',
  GIT_COMMITTER_EMAIL: 'skein@localhost',
}

/** Makes a commit object that no ref points at yet. */
export async function commitTree(
  { at }: Repository,
  {
    tree,
    parents,
    message,
    env,
    signal,
  }: {
    tree: string
    parents: readonly string[]
    message: string
    env?: Record<string, string>
    signal?: AbortSignal | undefined
  },
): Promise<string> {
  const { stdout } = await git(['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'], {
    doing: `writing a commit in ${at}`,
    at,
    env: { ...IDENTITY, ...env },
    input: message,
    writes: true,
    signal,
  })
  return stdout.toString('utf8').trim()
}

/** Whether a snapshot holds exactly what a work tree holds now. */
export async function covers(
  context: GitContext,
  repository: Repository,
  ref: string,
  signal?: AbortSignal,
): Promise<boolean> {
  checkOwnRef(ref)
  const kept = await treesOf(repository, ref, signal)
  if (kept === undefined) return false
  const present = await context.scratch.with((folder) =>
    composeSnapshot(repository, folder, { keepObjects: false, signal }),
  )
  return isSame(present, kept)
}

function isSame(present: SnapshotContent, kept: { tree: string; state: string }): boolean {
  // The state names HEAD and branch too.
  return present.tree === kept.tree && present.state === kept.state
}

/** The trees of a snapshot's files and state. */
export async function treesOf(
  { at }: Repository,
  ref: string,
  signal?: AbortSignal,
): Promise<{ tree: string; state: string } | undefined> {
  const { stdout } = await git(['log', '-1', '--no-show-signature', '--format=%T %P', '--end-of-options', ref, '--'], {
    doing: `reading the snapshot ${ref}`,
    at,
    signal,
    answers: [128],
  })
  const [tree, ...parents] = stdout.toString('utf8').trim().split(' ')
  const stateCommit = parents.at(-1)
  if (tree === undefined || stateCommit === undefined || stateCommit === '') return undefined
  const state = await git(['rev-parse', '--verify', '--quiet', `${stateCommit}^{tree}`], {
    doing: `reading the snapshot ${ref}`,
    at,
    signal,
    answers: [1],
  })
  return state.code === 0 ? { tree, state: state.stdout.toString('utf8').trim() } : undefined
}
