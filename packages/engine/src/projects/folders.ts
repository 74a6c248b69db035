import { readdir, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type ApiResult, SkeinError } from '@skein/protocol'

const MOST_SHOWN = 2000

/** Folders of this computer, so that somebody can choose a repository: by name, those that begin with a dot left out. */
export async function listFolders(path = homedir()): Promise<ApiResult<'folders.list'>> {
  if (!isAbsolute(path))
    throw new SkeinError('invalid', `listing the folder ${path}: it is not a whole path`, {
      next: 'Begin it with a slash.',
    })
  const folder = resolve(path)
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(folder, error)
  })
  const named = entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => compare(a.name, b.name))
  const folders = await Promise.all(
    named.map(async (entry) => {
      const place = join(folder, entry.name)
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(place)))
      return isFolder ? { name: entry.name, path: place, repository: await isRepository(place) } : undefined
    }),
  )
  const parent = dirname(folder)
  return {
    path: folder,
    parent: parent === folder ? null : parent,
    repository: await isRepository(folder),
    folders: folders.filter((one) => one !== undefined).slice(0, MOST_SHOWN),
  }
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true, sensitivity: 'base' })
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(await realpath(path).catch(() => path)).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/** Looked at without asking git, which is slow for a hundred folders: a work tree has `.git`, a bare one has what git needs. */
async function isRepository(path: string): Promise<boolean> {
  if (await exists(join(path, '.git'))) return true
  return (
    (await exists(join(path, 'HEAD'))) && (await isDirectory(join(path, 'objects'))) && isDirectory(join(path, 'refs'))
  )
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function unreadable(folder: string, error: NodeJS.ErrnoException): SkeinError {
  const doing = `listing the folder ${folder}`
  if (error.code === 'ENOENT') return new SkeinError('not_found', `${doing}: there is no such folder`, { cause: error })
  if (error.code === 'ENOTDIR') return new SkeinError('invalid', `${doing}: it is not a folder`, { cause: error })
  if (error.code === 'EACCES' || error.code === 'EPERM')
    return new SkeinError('unavailable', `${doing}: it may not be read`, {
      next: 'Choose another one, or check its owner and mode.',
      cause: error,
    })
  return SkeinError.from(error, doing)
}
