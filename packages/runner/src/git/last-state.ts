import { createHash } from 'node:crypto'
import { link, mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { copyIndex, objectStore, type PrivateIndex } from './capture.ts'
import type { GitContext } from './context.ts'
import { git } from './git.ts'
import type { Repository } from './repository.ts'

/**
 * What a work tree was when its state was last taken. The index that was staged then is kept: git reads only those files again
 * that look different from what stands there, and a diff of a thousand new files need not be hashed for each question.
 */
export interface LastState {
  tree: string
  /** How the work tree's own index looked then. When it has changed, what is staged differs, and this tells nothing. */
  own: string
  /** The staged files that the rules for ignoring name. */
  ignored: string
}

export async function lastState(context: GitContext, repository: Repository): Promise<LastState | undefined> {
  const last = context.lastStates.get(repository.gitDir)
  return last !== undefined && last.own === (await stampOf(repository)) ? last : undefined
}

/** How a work tree's own index looks from outside; undefined when there is none. */
export async function stampOf({ gitDir }: Repository): Promise<string | undefined> {
  const seen = await stat(join(gitDir, 'index'), { bigint: true }).catch(() => undefined)
  return seen && [seen.ino, seen.size, seen.mtimeNs, seen.ctimeNs].join()
}

/** A copy of the index that was staged last, in a folder, on top of the objects of then; undefined when they have gone. */
export async function indexOfLast(
  context: GitContext,
  repository: Repository,
  { folder, objects: of, signal }: { folder: string; objects: string; signal: AbortSignal },
): Promise<PrivateIndex | undefined> {
  if (!(await context.scratch.keep(of)) || !(await context.scratch.keep(nameOf(repository)))) return undefined
  const objects = join(folder, 'objects')
  const index = join(folder, 'index')
  await mkdir(objects, { recursive: true })
  const there = await copyIndex(join(context.scratch.path(nameOf(repository)), 'index'), index).then(
    () => true,
    () => false,
  )
  if (!there) return undefined
  const stores = [repository.commonDir, context.scratch.path(of)]
  return { repository, env: { GIT_INDEX_FILE: index, ...objectStore(objects, stores) }, signal }
}

/** Remembers what was staged in a private index, and takes its file. */
export async function rememberState(
  context: GitContext,
  { repository, env }: PrivateIndex,
  last: LastState,
): Promise<void> {
  const folder = context.scratch.path(nameOf(repository))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await rename(env.GIT_INDEX_FILE ?? '', join(folder, 'index'))
  context.lastStates.set(repository.gitDir, last)
}

/** Files of an index that the rules for ignoring name, as git lists them. */
export async function ignoredButStaged({ repository, env, signal }: PrivateIndex): Promise<string> {
  const { stdout } = await git(['ls-files', '--cached', '--ignored', '--exclude-standard', '-z'], {
    doing: `looking for ignored files in ${repository.at}`,
    at: repository.at,
    env,
    signal,
  })
  return createHash('sha256').update(stdout).digest('hex')
}

/** Puts the objects of one store into another as well. Objects never change, so both may have the same file. */
export async function linkObjects(from: string, to: string): Promise<void> {
  for (const folder of await readdir(from)) {
    await mkdir(join(to, folder), { recursive: true })
    const names = await readdir(join(from, folder))
    await Promise.all(
      names.map((name) =>
        link(join(from, folder, name), join(to, folder, name)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
        }),
      ),
    )
  }
}

function nameOf({ gitDir }: Repository): string {
  return `staged-${createHash('sha256').update(gitDir).digest('hex').slice(0, 32)}`
}
