import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { git, gitText } from './git.ts'
import { checkRevision } from './names.ts'

/** A clone, as seen from one of its work trees or from its bare folder. */
export interface Repository {
  /** Where git is run. */
  at: string
  /** Objects and refs, shared by all work trees. */
  commonDir: string
  /** HEAD, index and the state of an unfinished merge: the work tree's own. */
  gitDir: string
}

/** Finds the repository that a folder belongs to. Throws `not_found` when there is none. */
export async function openRepository(at: string, signal?: AbortSignal): Promise<Repository> {
  const text = await gitText(['rev-parse', '--path-format=absolute', '--git-common-dir', '--git-dir'], {
    doing: `opening the repository ${at}`,
    at,
    signal,
  })
  const [commonDir = '', gitDir = ''] = text.split('\n')
  return { at, commonDir, gitDir }
}

/** The git folder that a work tree's `.git` file points at, without asking git; undefined when there is no such file. */
export async function gitDirOf(workTree: string): Promise<string | undefined> {
  const text = await readFile(`${workTree}/.git`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR' || error.code === 'ENOTDIR') return ''
    throw SkeinError.from(error, `reading ${workTree}/.git`)
  })
  const pointer = /^gitdir: (.+?)\n*$/s.exec(text)?.[1]
  return pointer === undefined ? undefined : resolve(workTree, pointer)
}

/** The full id of what a revision names, as a commit or a tree. Throws `not_found`. */
export async function objectId(
  revision: string,
  kind: 'commit' | 'tree',
  {
    at,
    doing,
    signal,
    env,
  }: { at: string; doing: string; signal?: AbortSignal | undefined; env?: Record<string, string> },
): Promise<string> {
  const id = await findObjectId(revision, kind, { at, doing, signal, ...(env === undefined ? {} : { env }) })
  if (id !== undefined) return id
  throw new SkeinError('not_found', `${doing}: there is no ${kind} ${revision} in ${at}`, {
    next: 'It may have been removed, or never fetched to this machine.',
  })
}

/** The same; undefined where there is none. */
export async function findObjectId(
  revision: string,
  kind: 'commit' | 'tree',
  {
    at,
    doing,
    signal,
    env,
  }: { at: string; doing: string; signal?: AbortSignal | undefined; env?: Record<string, string> },
): Promise<string | undefined> {
  checkRevision(revision)
  const { code, stdout } = await git(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{${kind}}`],
    {
      doing,
      at,
      signal,
      answers: [1],
      ...(env === undefined ? {} : { env }),
    },
  )
  return code === 0 ? stdout.toString('utf8').trim() : undefined
}

/** The value of a ref, undefined where there is none. */
export async function refValue(at: string, ref: string, signal?: AbortSignal): Promise<string | undefined> {
  const doing = `reading ${ref} of ${at}`
  const { code, stdout } = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', ref], {
    doing,
    at,
    signal,
    answers: [1],
  })
  return code === 0 ? stdout.toString('utf8').trim() : undefined
}

/** The branch that HEAD is on, or null. */
export async function branchOf(
  at: string,
  signal?: AbortSignal,
  env: Record<string, string> = {},
): Promise<string | null> {
  const { code, stdout } = await git(['symbolic-ref', '--quiet', 'HEAD'], {
    doing: `reading HEAD of ${at}`,
    at,
    env,
    signal,
    answers: [1],
  })
  const ref = stdout.toString('utf8').trim()
  return code === 0 && ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null
}
