import { join } from 'node:path'
import type { GitStatus, RunnerParams } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { fieldsOf } from './file-names.ts'
import { git } from './git.ts'
import { kindAt } from './linked-work-tree.ts'
import { checkRevision } from './names.ts'
import { gitDirOf } from './repository.ts'

/** What a work tree holds: three git processes at most, two of them side by side. */
export async function readStatus(
  context: GitContext,
  { path, base }: RunnerParams<'git.status'>,
  signal?: AbortSignal,
): Promise<GitStatus> {
  await context.records.check(path)
  const { stdout } = await git(['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all'], {
    doing: `reading the status of ${path}`,
    at: path,
    signal,
  })
  const counts = countEntries(stdout)
  const { head, branch } = counts
  const [distance, unpushed, inProgress] = await Promise.all([
    head === null || base === undefined ? { ahead: 0, behind: 0 } : distanceFrom(path, base, signal),
    head === null ? 0 : countUnpushed(path, 'HEAD', branch, signal),
    operationIn((await gitDirOf(path)) ?? join(path, '.git')),
  ])
  return { ...counts, ...distance, unpushed, ...(inProgress === undefined ? {} : { inProgress }) }
}

type Counts = Pick<GitStatus, 'head' | 'branch' | 'staged' | 'unstaged' | 'untracked' | 'unmerged'>

/** The format is in git-status(1), "Porcelain Format Version 2". */
export function countEntries(output: Buffer): Counts {
  const counts: Counts = { head: null, branch: null, staged: 0, unstaged: 0, untracked: 0, unmerged: 0 }
  const fields = fieldsOf(output)
  for (let at = 0; at < fields.length; at++) {
    const line = fields[at]?.toString('utf8') ?? ''
    if (line.startsWith('# branch.oid ')) counts.head = line.endsWith('(initial)') ? null : line.slice(13)
    else if (line.startsWith('# branch.head '))
      counts.branch = line === '# branch.head (detached)' ? null : line.slice(14)
    else if (line.startsWith('? ')) counts.untracked++
    else if (line.startsWith('u ')) counts.unmerged++
    else if (line.startsWith('1 ') || line.startsWith('2 ')) {
      if (line[2] !== '.') counts.staged++
      if (line[3] !== '.') counts.unstaged++
      // The name that a renamed file had is a field of its own.
      if (line.startsWith('2 ')) at++
    }
  }
  return counts
}

async function distanceFrom(
  path: string,
  base: string,
  signal?: AbortSignal,
): Promise<{ ahead: number; behind: number }> {
  checkRevision(base)
  const { stdout } = await git(['rev-list', '--count', '--left-right', '--end-of-options', `${base}...HEAD`, '--'], {
    doing: `comparing ${path} with ${base}`,
    at: path,
    signal,
  })
  const [behind = 0, ahead = 0] = stdout.toString('utf8').trim().split('\t').map(Number)
  return { ahead, behind }
}

/** Commits that a revision has and no remote-tracking branch and no local branch but `except`. */
export async function countUnpushed(
  at: string,
  revision: string,
  except: string | null,
  signal?: AbortSignal,
): Promise<number> {
  const others = except === null ? ['--branches'] : [`--exclude=${except}`, '--branches']
  const { stdout } = await git(['rev-list', '--count', revision, '--not', ...others, '--remotes'], {
    doing: `counting the commits of ${at} that are nowhere else`,
    at,
    signal,
  })
  return Number(stdout.toString('utf8').trim())
}

const OPERATIONS = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry_pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
] as const

/** The operation that waits to be continued; each leaves a file of its own in the git folder. */
async function operationIn(gitDir: string): Promise<GitStatus['inProgress']> {
  const kinds = await Promise.all(OPERATIONS.map(([file]) => kindAt(join(gitDir, file))))
  return OPERATIONS.find((_, index) => kinds[index] !== 'none')?.[1]
}
