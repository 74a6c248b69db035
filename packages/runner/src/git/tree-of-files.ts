import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { quoted } from './file-names.ts'
import { git } from './git.ts'

/** A file to be stored: where it lies, and what it is called in the tree. */
export interface StoredFile {
  source: Buffer
  name: Buffer
}

/** Where objects go and whose they are. */
export interface Store {
  at: string
  /** Names the object store, if not the repository's own; an index file in it is not used. */
  env: Record<string, string>
  /** A folder for an index of our own. */
  folder: string
  signal: AbortSignal | undefined
}

/** A tree of files byte for byte, without the conversions that git does for a work tree. What is neither file nor link is left out. */
export async function storeFiles(store: Store, files: readonly StoredFile[]): Promise<string> {
  const kinds = await Promise.all(
    files.map(async (file) => ({ file, stats: await lstat(file.source).catch(() => undefined) })),
  )
  const regular = kinds.flatMap(({ file, stats }) =>
    stats?.isFile() ? [{ ...file, mode: (stats.mode & 0o100) === 0 ? '100644' : '100755' }] : [],
  )
  const links = kinds.flatMap(({ file, stats }) => (stats?.isSymbolicLink() ? [file] : []))
  const ids = await storeBlobs(store, regular)
  const entries = regular.map(({ name, mode }, index) => entry(mode, ids[index] ?? '', name))
  for (const { source, name } of links) {
    entries.push(entry('120000', await storeBlob(store, await readlink(source, 'buffer')), name))
  }
  return writeEntries(store, entries)
}

/** One line for `update-index --index-info -z`. */
export function entry(mode: string, id: string, name: Buffer, stage = 0): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${id} ${stage}\t`), name, Buffer.from([0])])
}

/** A tree from such lines. */
export async function writeEntries(store: Store, entries: readonly Buffer[]): Promise<string> {
  const call = { ...callOf(store), env: { ...store.env, GIT_INDEX_FILE: join(store.folder, 'index-of-entries') } }
  await git(['read-tree', '--empty'], call)
  if (entries.length > 0) await git(['update-index', '-z', '--index-info'], { ...call, input: Buffer.concat(entries) })
  const { stdout } = await git(['write-tree'], call)
  return stdout.toString('utf8').trim()
}

/** A tree of one level from ids of blobs and trees. */
export async function writeFolder(
  store: Store,
  items: readonly { mode: '040000' | '100644'; id: string; name: string }[],
): Promise<string> {
  const lines = items.map(({ mode, id, name }) => `${mode} ${mode === '040000' ? 'tree' : 'blob'} ${id}\t${name}\0`)
  const { stdout } = await git(['mktree', '-z'], { ...callOf(store), input: lines.join('') })
  return stdout.toString('utf8').trim()
}

export async function storeBlob(store: Store, content: Buffer | string): Promise<string> {
  const { stdout } = await git(['hash-object', '-w', '--stdin'], { ...callOf(store), input: content })
  return stdout.toString('utf8').trim()
}

async function storeBlobs(store: Store, files: readonly StoredFile[]): Promise<string[]> {
  if (files.length === 0) return []
  const paths = files.map(({ source }) => `${quoted(source)}\n`).join('')
  const { stdout } = await git(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    ...callOf(store),
    input: paths,
  })
  return stdout.toString('utf8').trim().split('\n')
}

function callOf({ at, env, signal }: Store) {
  return { doing: `keeping files of ${at}`, at, env, writes: true, signal }
}

/** All files and links below a folder, none of them followed; names are relative to it. */
export async function filesBelow(folder: Buffer): Promise<StoredFile[]> {
  const found: StoredFile[] = []
  const visit = async (prefix: Buffer): Promise<void> => {
    const items = await readdir(Buffer.concat([folder, SLASH, prefix]), { withFileTypes: true, encoding: 'buffer' })
    for (const item of items) {
      const name = prefix.length === 0 ? item.name : Buffer.concat([prefix, SLASH, item.name])
      if (item.isDirectory()) await visit(name)
      else if (item.isFile() || item.isSymbolicLink())
        found.push({ source: Buffer.concat([folder, SLASH, name]), name })
    }
  }
  await visit(Buffer.alloc(0))
  return found
}
const SLASH = Buffer.from('/')
