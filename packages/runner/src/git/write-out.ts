import { mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { fieldsOf } from './file-names.ts'
import { git } from './git.ts'

interface Blob {
  mode: string
  id: string
  size: number
  name: Buffer
}

const BATCH = 32 * 1024 * 1024

/** Writes the files of a tree below a folder byte for byte, without the conversions of a checkout. No such tree: nothing. */
export async function writeOut(
  tree: string,
  folder: string,
  { at, signal }: { at: string; signal: AbortSignal | undefined },
): Promise<void> {
  const call = { doing: `writing files to ${folder}`, at, signal }
  const listing = await git(['ls-tree', '-r', '-z', '--long', '--full-tree', tree], { ...call, answers: [128] })
  const blobs = fieldsOf(listing.stdout).map(parseEntry)
  for (const batch of batches(blobs)) {
    const [first] = batch
    if (first !== undefined && first.size > BATCH) await writeLarge(first, folder, call)
    else await writeBatch(batch, folder, call)
  }
}

function parseEntry(field: Buffer): Blob {
  const [mode = '', , id = '', size = ''] = field.subarray(0, field.indexOf(9)).toString('utf8').split(/ +/)
  return { mode, id, size: Number(size), name: field.subarray(field.indexOf(9) + 1) }
}

/** Groups of bounded size; a blob larger than that is alone. */
function batches(blobs: readonly Blob[]): Blob[][] {
  const groups: Blob[][] = []
  let room = 0
  for (const blob of blobs) {
    const group = groups.at(-1)
    if (group === undefined || blob.size > room) {
      groups.push([blob])
      room = BATCH
    } else group.push(blob)
    room -= blob.size
  }
  return groups
}

type Call = { doing: string; at: string; signal: AbortSignal | undefined }

async function writeBatch(batch: readonly Blob[], folder: string, call: Call): Promise<void> {
  const { stdout } = await git(['cat-file', '--batch'], { ...call, input: batch.map(({ id }) => `${id}\n`).join('') })
  let at = 0
  for (const { mode, size, name } of batch) {
    // Before each content stands a line with id, type and size; after it a newline.
    const start = stdout.indexOf(10, at) + 1
    const content = stdout.subarray(start, start + size)
    at = start + size + 1
    const target = await targetOf(folder, name)
    if (mode === '120000') await symlink(content, target)
    else await writeFile(target, content, { mode: mode === '100755' ? 0o755 : 0o644 })
  }
}

async function writeLarge({ id, mode, name }: Blob, folder: string, call: Call): Promise<void> {
  const file = await open(await targetOf(folder, name), 'w', mode === '100755' ? 0o755 : 0o644)
  try {
    await git(['cat-file', 'blob', id], { ...call, stdout: file.fd })
  } finally {
    await file.close()
  }
}

async function targetOf(folder: string, name: Buffer): Promise<Buffer> {
  const slash = name.lastIndexOf(0x2f)
  const parent =
    slash === -1 ? Buffer.from(folder) : Buffer.concat([Buffer.from(`${folder}/`), name.subarray(0, slash)])
  await mkdir(parent, { recursive: true })
  return Buffer.concat([Buffer.from(`${folder}/`), name])
}
