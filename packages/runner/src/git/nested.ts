import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrivateIndex } from './capture.ts'
import { bytesOf, fieldsOf, nameOf } from './file-names.ts'
import { git } from './git.ts'
import { kindAt } from './linked-work-tree.ts'
import { gitDirOf } from './repository.ts'
import { filesBelow, type Store, type StoredFile, storeFiles } from './tree-of-files.ts'

/** A repository inside the work tree that a snapshot keeps whole: its files and its git folder, both as plain trees. */
export interface Nested {
  /** Relative to the work tree, in the form of `nameOf`. */
  path: string
  files: string
  /** null: it is a work tree of another repository, which has the rest; `pointer` is its `.git` file. */
  gitFolder: string | null
  pointer?: string
}

/**
 * Keeps the repositories inside a work tree that hold what nothing else does: untracked ones always, submodules when they have
 * changes or commits that no remote of theirs has.
 */
export async function keepNested(
  index: PrivateIndex,
  store: Store,
  { indexTree, withoutCommit }: { indexTree: string; withoutCommit: readonly Buffer[] },
): Promise<Nested[]> {
  const known = new Set(await linksIn(index, indexTree))
  const all = [...(await linksOf({ ...store, env: index.env })), ...withoutCommit.map(nameOf)]
  const kept: Nested[] = []
  for (const path of all.sort()) {
    const at = join(index.repository.at, path)
    // A repository whose name is not UTF-8 cannot be given to git as a folder.
    if (path.startsWith('"') || (await kindAt(join(at, '.git'))) === 'none') continue
    if (known.has(path) && (await isElsewhere(at, index.signal))) continue
    kept.push(...(await keepOne(store, path, at)))
  }
  return kept
}

async function keepOne(store: Store, path: string, at: string): Promise<Nested[]> {
  const { files, inner } = await filesOf(at, store.signal)
  const pointed = await gitDirOf(at)
  const gitFolder = pointed ?? join(at, '.git')
  const isLinked = (await kindAt(join(gitFolder, 'commondir'))) !== 'none'
  const self: Nested = {
    path,
    files: await storeFiles(store, files),
    gitFolder: isLinked ? null : await storeFiles(store, await filesBelow(Buffer.from(gitFolder))),
    ...(isLinked ? { pointer: await readFile(join(at, '.git'), 'utf8') } : {}),
  }
  const below: Nested[] = []
  for (const name of inner) below.push(...(await keepOne(store, `${path}/${name}`, join(at, name))))
  return [self, ...below]
}

/** Its files that are not ignored, and the repositories in it. */
async function filesOf(at: string, signal?: AbortSignal): Promise<{ files: StoredFile[]; inner: string[] }> {
  const { stdout } = await git(['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    doing: `reading the repository ${at}`,
    at,
    signal,
  })
  const names = [...new Set(fieldsOf(stdout).map(nameOf))]
  const files: StoredFile[] = []
  const inner: string[] = []
  for (const name of names) {
    const bare = name.replace(/\/$/, '')
    const isRepository = !name.startsWith('"') && (await kindAt(join(at, bare, '.git'))) !== 'none'
    if (isRepository) inner.push(bare)
    else files.push({ source: Buffer.concat([Buffer.from(`${at}/`), bytesOf(name)]), name: bytesOf(name) })
  }
  return { files, inner }
}

/** Whether a repository has no changes, and no commits but those of its remotes. */
export async function isElsewhere(at: string, signal?: AbortSignal): Promise<boolean> {
  const doing = `looking at the submodule ${at}`
  const status = await git(['status', '--porcelain', '-z'], { doing, at, signal, answers: [128] })
  if (status.code !== 0 || status.stdout.length > 0) return false
  const own = await git(['rev-list', '--count', '--all', 'HEAD', '--not', '--remotes'], {
    doing,
    at,
    signal,
    answers: [128],
  })
  return own.code === 0 && own.stdout.toString('utf8').trim() === '0'
}

/** Paths that an index has as links to commits. */
export async function linksOf({ at, env, signal }: Omit<Store, 'folder'>): Promise<string[]> {
  const { stdout } = await git(['ls-files', '--stage', '-z', '--full-name'], {
    doing: `looking for repositories in ${at}`,
    at,
    env,
    signal,
  })
  return linkNames(stdout)
}

async function linksIn({ repository, env, signal }: PrivateIndex, tree: string): Promise<string[]> {
  const { stdout } = await git(['ls-tree', '-r', '-z', '--full-tree', tree], {
    doing: `looking for submodules in ${repository.at}`,
    at: repository.at,
    env,
    signal,
  })
  return linkNames(stdout)
}

/** Lists of files are long and links few: they are found by their mode, which begins an entry. */
function linkNames(entries: Buffer): string[] {
  const names: string[] = []
  const mode = Buffer.from('160000 ')
  for (let at = entries.indexOf(mode); at !== -1; at = entries.indexOf(mode, at + 1)) {
    if (at > 0 && entries[at - 1] !== 0) continue
    const end = entries.indexOf(0, at)
    names.push(nameOf(entries.subarray(entries.indexOf(9, at) + 1, end === -1 ? undefined : end)))
  }
  return names
}
