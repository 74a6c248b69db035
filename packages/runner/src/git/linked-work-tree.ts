import { lstat, mkdir, readdir, readFile, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { gitDirOf } from './repository.ts'

/**
 * A linked work tree has two halves: its folder, whose `.git` file names the other half, and `<commonDir>/worktrees/<id>`,
 * whose `gitdir` file names the folder's `.git` (gitrepository-layout(5)). Moving one is a rename and a new `gitdir`.
 */
export interface LinkedWorkTree {
  path: string
  gitDir: string
}

/** The path with its folders' symbolic links resolved and those folders made; the last part may itself not exist. */
export async function placeFor(path: string): Promise<string> {
  const folder = dirname(path)
  try {
    await mkdir(folder, { recursive: true })
    return join(await realpath(folder), basename(path))
  } catch (error) {
    throw SkeinError.from(error, `making the folder ${folder}`)
  }
}

/** The same without making anything; the path itself where its folders do not exist. */
export async function realPlaceOf(path: string): Promise<string> {
  const folder = await realpath(dirname(path)).catch(() => dirname(path))
  return join(folder, basename(path))
}

/** The work tree at a path, when its folder belongs to this repository. */
export async function linkedWorkTreeAt(commonDir: string, path: string): Promise<LinkedWorkTree | undefined> {
  const gitDir = await gitDirOf(path)
  if (gitDir === undefined || dirname(gitDir) !== join(commonDir, 'worktrees')) return undefined
  return (await kindAt(join(gitDir, 'HEAD'))) === 'none' ? undefined : { path, gitDir }
}

/** All linked work trees that the repository knows, whether their folders exist or not. */
export async function linkedWorkTrees(commonDir: string): Promise<LinkedWorkTree[]> {
  const folder = join(commonDir, 'worktrees')
  const ids = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    ids.map(async (id) => {
      const gitDir = join(folder, id)
      const pointer = await readFile(join(gitDir, 'gitdir'), 'utf8').catch(() => undefined)
      return pointer === undefined ? [] : [{ path: dirname(pointer.trimEnd()), gitDir }]
    }),
  )
  return found.flat()
}

/** Tells the repository where the folder is (about to be). */
export async function pointAt(gitDir: string, path: string): Promise<void> {
  const beside = join(gitDir, 'gitdir.skein')
  await writeFile(beside, `${path}/.git\n`)
  await rename(beside, join(gitDir, 'gitdir'))
}

const OWN_LOCK = 'Skein is making this work tree\n'

/** Keeps `git worktree prune` from a work tree that is about to move. */
export async function lock(gitDir: string): Promise<void> {
  await writeFile(join(gitDir, 'locked'), OWN_LOCK)
}

/** Takes our own lock away; somebody else's stays. */
export async function unlock(gitDir: string): Promise<void> {
  const file = join(gitDir, 'locked')
  if ((await readFile(file, 'utf8').catch(() => undefined)) === OWN_LOCK) await rm(file, { force: true })
}

/** Why somebody else locked a work tree; undefined when nobody did. */
export async function lockOf(gitDir: string): Promise<string | undefined> {
  const reason = await readFile(join(gitDir, 'locked'), 'utf8').catch(() => OWN_LOCK)
  return reason === OWN_LOCK ? undefined : reason.trim() || 'no reason given'
}

/** Takes the repository's half away: one rename where `trash` is on the same disk. */
export async function dropGitDir(gitDir: string, trash: string): Promise<void> {
  try {
    await rename(gitDir, trash)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    if (error.code !== 'ENOENT') await rm(gitDir, { recursive: true, force: true })
  }
  // As git itself does with the last work tree.
  await rmdir(dirname(gitDir)).catch(() => {})
}

/** What lies at a path, without following a link. */
export async function kindAt(path: string): Promise<'none' | 'folder' | 'empty_folder' | 'file' | 'link'> {
  try {
    const stats = await lstat(path)
    if (stats.isSymbolicLink()) return 'link'
    if (!stats.isDirectory()) return 'file'
    return (await readdir(path)).length === 0 ? 'empty_folder' : 'folder'
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return 'none'
    throw SkeinError.from(error, `looking at ${path}`)
  }
}
