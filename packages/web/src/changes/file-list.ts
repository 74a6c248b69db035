import type { FileChange } from '@skein/protocol'

/** A folder or a file, as a row of the tree. */
export type TreeRow =
  | { kind: 'folder'; path: string; name: string; depth: number; open: boolean; files: number }
  | { kind: 'file'; path: string; name: string; depth: number; change: FileChange }

/**
 * The rows of the tree of changed files, in the order in which the diff shows the files (git's). A folder that holds nothing but
 * one folder shares its row; closed folders hide what is in them.
 */
export function treeRows(changes: readonly FileChange[], closed: ReadonlySet<string>): TreeRow[] {
  const root: Folder = { path: '', name: '', entries: new Map(), count: 0 }
  for (const change of changes) {
    const parts = change.path.split('/')
    let folder = root
    folder.count++
    for (const part of parts.slice(0, -1)) {
      const path = folder.path === '' ? part : `${folder.path}/${part}`
      // A file may have become a folder: then both are there, the file as deleted.
      const there = folder.entries.get(`${part}/`)
      const next = there && 'entries' in there ? there : { path, name: part, entries: new Map(), count: 0 }
      folder.entries.set(`${part}/`, next)
      folder = next
      folder.count++
    }
    folder.entries.set(change.path, { name: parts.at(-1) ?? change.path, change })
  }
  return rowsOf(root, 0, closed)
}

interface Folder {
  path: string
  name: string
  entries: Map<string, Folder | { name: string; change: FileChange }>
  count: number
}

function rowsOf(folder: Folder, depth: number, closed: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = []
  for (const entry of folder.entries.values()) {
    if ('change' in entry) {
      rows.push({ kind: 'file', path: entry.change.path, name: entry.name, depth, change: entry.change })
      continue
    }
    const names = [entry.name]
    let last = entry
    for (let only = onlyFolder(last); only; only = onlyFolder(last)) {
      last = only
      names.push(only.name)
    }
    const open = !closed.has(last.path)
    rows.push({ kind: 'folder', path: last.path, name: names.join('/'), depth, open, files: last.count })
    if (open) rows.push(...rowsOf(last, depth + 1, closed))
  }
  return rows
}

function onlyFolder({ entries }: Folder): Folder | undefined {
  const [only] = entries.values()
  return entries.size === 1 && only !== undefined && 'entries' in only ? only : undefined
}

/** Files whose path holds all the words, in any order. `status:` words (`is:added`) look at what happened to them. */
export function filterChanges(changes: readonly FileChange[], words: string): FileChange[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return [...changes]
  return changes.filter((change) => {
    const names = `${change.path}\n${change.oldPath ?? ''}`.toLowerCase()
    return wanted.every((word) =>
      word.startsWith('is:') ? change.status.startsWith(word.slice('is:'.length)) : names.includes(word),
    )
  })
}

const LOCK_FILES =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|go\.sum|go\.work\.sum|gradle\.lockfile|packages\.lock\.json|[^/]+\.lock)$/i
const GENERATED =
  /(?:\.min\.(?:js|css|mjs)|\.(?:js|css|mjs)\.map|\.pb\.go|_pb2(?:_grpc)?\.py|\.generated\.[^/.]+|\.g\.dart)$|(?:^|\/)(?:node_modules|vendor|third_party)\//i

/** So many changed lines are not read from top to bottom; the file is shown when it is asked for. */
export const LARGE_FILE_LINES = 4000

/** Why a file is not opened by itself; undefined when it is. */
export function collapseReason(change: FileChange): string | undefined {
  const lines = change.added + change.deleted
  if (LOCK_FILES.test(change.path)) return 'Lock file'
  if (GENERATED.test(change.path)) return 'Generated or vendored'
  if (lines > LARGE_FILE_LINES) return 'Large file'
  return undefined
}

const IMAGE_TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  bmp: 'image/bmp',
}

/** The type of an image that browsers show; undefined for anything else. */
export function imageType(path: string): string | undefined {
  return IMAGE_TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()]
}
