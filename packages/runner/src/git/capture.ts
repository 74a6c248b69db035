import { constants } from 'node:fs'
import { copyFile, mkdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { fieldsOf } from './file-names.ts'
import { type GitAnswer, git } from './git.ts'
import type { Repository } from './repository.ts'

/** A private copy of a work tree's index, and where what is added to it goes. The work tree's own index is only read. */
export interface PrivateIndex {
  repository: Repository
  env: Record<string, string>
  signal: AbortSignal | undefined
}

/**
 * Copies the index of a work tree into a folder. Objects go to a store in that folder too, on top of the repository's, unless
 * they are to stay: then the repository takes them.
 */
export async function privateIndex(
  repository: Repository,
  folder: string,
  {
    keepObjects,
    borrowFrom = [],
    signal,
  }: { keepObjects: boolean; borrowFrom?: readonly string[]; signal?: AbortSignal | undefined },
): Promise<PrivateIndex> {
  await mkdir(folder, { recursive: true })
  const index = join(folder, 'index')
  await copyIndex(join(repository.gitDir, 'index'), index).catch((error: unknown) => {
    // Before the first `git add` there is none.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw SkeinError.from(error, `copying the index of ${repository.at}`)
  })
  const env: Record<string, string> = { GIT_INDEX_FILE: index }
  if (!keepObjects) {
    const objects = join(folder, 'objects')
    await mkdir(objects, { recursive: true })
    Object.assign(env, objectStore(objects, [repository.commonDir, ...borrowFrom]))
  }
  return { repository, env, signal }
}

/** git trusts no entry that is as young as the index itself, so the copy must not look younger than the original. */
export async function copyIndex(from: string, to: string): Promise<void> {
  const { mtimeMs } = await stat(from)
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const seconds = Math.floor(mtimeMs) / 1_000
  await utimes(to, seconds, seconds)
}

/** A store of its own on top of those of repositories: what is written goes to the first, what is read comes from all. */
export function objectStore(objects: string, commonDirs: readonly string[]): Record<string, string> {
  return {
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: commonDirs.map((dir) => listed(join(dir, 'objects'))).join(':'),
  }
}

/** As git splits the list: a path with a colon stands in quotes. */
function listed(path: string): string {
  return /^"|:/.test(path) ? `"${path.replace(/["\\]/g, '\\$&')}"` : path
}

/** The tree of what is staged there; entries that are not merged are in none. */
export async function writeTree({ repository, env, signal }: PrivateIndex): Promise<string> {
  const doing = `writing the tree of ${repository.at}`
  const { stdout } = await git(['write-tree'], { doing, at: repository.at, env, writes: true, signal })
  return stdout.toString('utf8').trim()
}

const TRIES = 3

/**
 * Stages everything that is in the work tree and not ignored, in the private index alone. While an agent writes, a file may
 * go between being seen and being read, so it is tried again. `lenient` leaves out what cannot be read.
 * Answers the repositories without a commit, which git cannot stage.
 */
export async function stageAll(
  index: PrivateIndex,
  { lenient }: { lenient: boolean },
): Promise<{ excluded: readonly Buffer[] }> {
  let excluded: readonly Buffer[] = []
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const final = lenient ? [1] : []
    const answer = await addAll(index, { excluded, lenient, answers: attempt === TRIES ? final : [1, 128] })
    if (answer.code === 0) return { excluded }
    if (/does not have a commit checked out/.test(answer.stderr)) excluded = await repositoriesWithoutCommit(index)
  }
  return { excluded }
}

async function addAll(
  { repository, env, signal }: PrivateIndex,
  { excluded, lenient, answers }: { excluded: readonly Buffer[]; lenient: boolean; answers: readonly number[] },
): Promise<GitAnswer> {
  const exclusions = excluded.map((path) => Buffer.concat([Buffer.from(':(top,exclude,literal)'), path]))
  const specs = [Buffer.from(':/'), ...exclusions].flatMap((spec) => [spec, Buffer.from([0])])
  const flags = ['--all', '--sparse', '--pathspec-from-file=-', '--pathspec-file-nul']
  return git(['add', ...flags, ...(lenient ? ['--ignore-errors'] : [])], {
    doing: `reading the changes in ${repository.at}`,
    at: repository.at,
    env,
    writes: true,
    input: Buffer.concat(specs),
    answers,
    signal,
  })
}

/** Untracked repositories stand in the list with a slash at the end. git refuses those that have no commit yet. */
async function repositoriesWithoutCommit(index: PrivateIndex): Promise<Buffer[]> {
  const nested = await untrackedRepositories(index)
  const checked = await Promise.all(
    nested.map(async (path) => {
      const at = join(index.repository.at, path.toString('utf8'))
      const { code } = await git(['rev-parse', '--verify', '--quiet', 'HEAD'], {
        doing: `looking at the repository ${at}`,
        at,
        answers: [1, 128],
        signal: index.signal,
      })
      return code === 0 ? [] : [path]
    }),
  )
  return checked.flat()
}

/** Repositories below the work tree that git knows nothing of, without the slash at the end. */
async function untrackedRepositories({ repository, env, signal }: PrivateIndex): Promise<Buffer[]> {
  const { stdout } = await git(['ls-files', '--others', '--exclude-standard', '-z'], {
    doing: `looking for repositories in ${repository.at}`,
    at: repository.at,
    env,
    signal,
  })
  return fieldsOf(stdout)
    .filter((path) => path.at(-1) === 0x2f)
    .map((path) => path.subarray(0, -1))
}
