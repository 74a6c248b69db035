import { lstat } from 'node:fs/promises'
import { bytesOf, nameOf } from './file-names.ts'
import { filesBelow } from './tree-of-files.ts'

/**
 * Files of a checkout that git does not know and that new files would take the place of. git itself protects untracked files
 * and takes ignored ones for expendable; a person's `.env` is not.
 */
export async function filesInTheWay(
  at: string,
  { added, deleted }: { added: readonly string[]; deleted: readonly string[] },
): Promise<string[]> {
  const going = new Set(deleted)
  const found = new Set<string>()
  for (const name of added) for (const one of await inTheWayOf(at, name)) if (!going.has(one)) found.add(one)
  return [...found].sort()
}

async function inTheWayOf(at: string, name: string): Promise<string[]> {
  const bytes = bytesOf(name)
  for (let slash = bytes.indexOf(0x2f); slash !== -1; slash = bytes.indexOf(0x2f, slash + 1)) {
    const above = bytes.subarray(0, slash)
    const kind = await kindOf(at, above)
    if (kind === 'none') return []
    if (kind === 'file') return [nameOf(above)]
  }
  const kind = await kindOf(at, bytes)
  if (kind === 'none') return []
  if (kind === 'file') return [name]
  const inside = await filesBelow(placeOf(at, bytes))
  return inside.map((file) => nameOf(Buffer.concat([bytes, Buffer.from('/'), file.name])))
}

async function kindOf(at: string, name: Buffer): Promise<'none' | 'file' | 'folder'> {
  const stats = await lstat(placeOf(at, name)).catch(() => undefined)
  if (stats === undefined) return 'none'
  return stats.isDirectory() ? 'folder' : 'file'
}

function placeOf(at: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${at}/`), name])
}
