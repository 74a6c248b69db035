import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { git, gitText } from './git.ts'
import { kindAt, type LinkedWorkTree, lock, pointAt, unlock } from './linked-work-tree.ts'
import { done, makerName } from './maker.ts'
import { NO_COMMIT } from './names.ts'
import { gitDirOf, type Repository, refValue } from './repository.ts'

/**
 * A work tree is made inside a folder of its own (`.skein-making-…`, beside where it goes) and comes to its path by one
 * rename, when it is complete. So whatever is at the path is whole, and a half-made one is told by where it lies.
 */
export interface Making {
  /** The folder around it, whose name tells its maker. */
  container: string
  tree: LinkedWorkTree
}

/** Where a complete work tree is going; written before the branch is made, so that another process can finish it. */
export interface Going {
  path: string
  branch: string | null
  head: string
}

export const MAKING = '.skein-making-'
export const GOING = 'going.json'
const SETTINGS = 'settings'

/** An empty container in a folder. */
export async function makeContainer(folder: string, prefix: string = MAKING): Promise<string> {
  const container = join(folder, makerName(prefix))
  await mkdir(container, { recursive: true }).catch((error: unknown) => {
    throw SkeinError.from(error, `making a folder in ${folder}`)
  })
  return container
}

/**
 * A work tree without files, detached at a commit. Its name is never used again: a git that outlived its starter may still
 * write to the folder that the repository keeps under that name.
 */
export async function addWorkTree(
  context: GitContext,
  repository: Repository,
  container: string,
  { name, commit, signal }: { name: string; commit: string; signal?: AbortSignal | undefined },
): Promise<Making> {
  const path = join(container, `${name}-${randomUUID().slice(0, 8)}`)
  const settings = await settingsOf(repository, signal)
  await context.repositories.run(repository.commonDir, () =>
    git(['worktree', 'add', '--quiet', '--no-checkout', '--lock', '--detach', '--', path, commit], {
      doing: `adding a work tree to ${repository.at}`,
      at: repository.at,
      writes: true,
      signal,
    }),
  )
  const gitDir = await gitDirOf(path)
  if (gitDir === undefined)
    throw new SkeinError('internal', `adding a work tree to ${repository.at}: git made no ${path}/.git`)
  await lock(gitDir)
  await writeFile(join(container, SETTINGS), settings)
  return { container, tree: { path, gitDir } }
}

/** Writes the files of a commit or tree into a work tree that has none yet. */
export async function fillWorkTree(tree: LinkedWorkTree, treeish: string, signal?: AbortSignal): Promise<void> {
  await git(['-c', `checkout.workers=${WORKERS}`, 'read-tree', '-m', '-u', treeish], {
    doing: `checking out ${treeish} in ${tree.path}`,
    at: tree.path,
    writes: true,
    // A large repository on a slow disk takes its time, and to begin anew would take longer.
    deadline: 60 * 60_000,
    signal,
  })
}
const WORKERS = Math.min(8, Math.max(2, availableParallelism()))

/** Brings a complete work tree to its path on its branch. Each step may be repeated, the rename comes last. */
export async function arrive(context: GitContext, repository: Repository, making: Making, going: Going): Promise<void> {
  const { container, tree } = making
  await writeFile(join(container, `${GOING}.new`), JSON.stringify(going))
  await rename(join(container, `${GOING}.new`), join(container, GOING))
  const { branch, head } = going
  const made =
    branch !== null &&
    (await context.repositories.run(repository.commonDir, () => makeBranch(repository, branch, head)))
  try {
    if (branch !== null) await putOnBranch(tree, branch)
    await pointAt(tree.gitDir, going.path)
    // Where a folder waits empty, rename(2) replaces it.
    await rename(tree.path, going.path)
  } catch (error) {
    if (made) await deleteBranch(repository, branch, head)
    throw SkeinError.from(error, `moving the work tree to ${going.path}`)
  }
  await context.records.remember(going.path, tree.gitDir)
  await unlock(tree.gitDir)
  await rm(container, { recursive: true, force: true })
  done(basename(container))
}

/** HEAD on a branch, which may have no commit yet; the index and the files stay. */
export async function putOnBranch(tree: LinkedWorkTree, branch: string): Promise<void> {
  await git(['symbolic-ref', '-m', 'skein: made the work tree', 'HEAD', `refs/heads/${branch}`], {
    doing: `putting ${tree.path} on the branch ${branch}`,
    at: tree.path,
    writes: true,
  })
}

/** False: it is there already, at that commit. */
async function makeBranch(repository: Repository, branch: string, head: string): Promise<boolean> {
  if (head === NO_COMMIT) return false
  const ref = `refs/heads/${branch}`
  const doing = `making the branch ${branch} in ${repository.at}`
  const { code, stderr } = await git(
    ['update-ref', '-m', 'branch: Created by Skein', ref, head, NO_COMMIT.padEnd(head.length, '0')],
    {
      doing,
      at: repository.at,
      writes: true,
      answers: [128],
    },
  )
  if (code === 0) return true
  if ((await refValue(repository.at, ref)) === head) return false
  const inTheWay = /'refs\/heads\/(.+?)' exists/.exec(stderr)?.[1] ?? branch
  throw new SkeinError('conflict', `${doing}: there is a branch ${inTheWay} already`, {
    next: 'Choose another name, or ask for the branch that exists.',
    details: { stderr },
  })
}

/** Deletes a branch if it is still where it is thought to be. */
export async function deleteBranch({ at }: Repository, branch: string, value: string): Promise<void> {
  await git(['update-ref', '-d', `refs/heads/${branch}`, value], {
    doing: `deleting the branch ${branch} of ${at}`,
    at,
    writes: true,
  })
}

/** Whether a work tree was made under the settings that hold now: sparse patterns, line endings, attributes. */
export async function hasSettings(container: string, settings: string): Promise<boolean> {
  return (await readFile(join(container, SETTINGS), 'utf8').catch(() => undefined)) === settings
}

/** A digest of what decides which files a checkout writes, and how. */
export async function settingsOf({ at, commonDir, gitDir }: Repository, signal?: AbortSignal): Promise<string> {
  const pattern = '^(core\\.(sparsecheckout.*|autocrlf|eol|symlinks|filemode|ignorecase)|filter\\..*)$'
  const config = await git(['config', '-z', '--get-regexp', pattern], {
    doing: `reading the settings of ${at}`,
    at,
    signal,
    answers: [1],
  })
  const hash = createHash('sha256').update(config.stdout)
  for (const file of [join(gitDir, 'info/sparse-checkout'), join(commonDir, 'info/attributes')]) {
    hash.update('\0').update(await readFile(file).catch(() => ''))
  }
  return hash.digest('hex')
}

/** Makes way at a path: an empty folder goes, anything else is a conflict. */
export async function checkPlaceIsFree(path: string): Promise<void> {
  const kind = await kindAt(path)
  if (kind === 'none' || kind === 'empty_folder') return
  throw new SkeinError('conflict', `making a workspace at ${path}: there is something else already`, {
    next: 'Move it away, or choose another path.',
  })
}

/** The commit that a work tree's HEAD is at. */
export async function headOf(path: string, signal?: AbortSignal): Promise<string> {
  return gitText(['rev-parse', '--verify', 'HEAD^{commit}'], { doing: `reading HEAD of ${path}`, at: path, signal })
}
