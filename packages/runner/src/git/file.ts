import { createHash } from 'node:crypto'
import { lstat, open, readlink, realpath, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { bytesOf } from './file-names.ts'
import { git } from './git.ts'
import { openWorkTree } from './open-work-tree.ts'
import { comparedStates } from './work-tree-state.ts'

const MOST_SHOWN = 20 * 1024 * 1024
const PART = 512 * 1024

type Result = RunnerResult<'git.file'>

/** A part of one file, of the work tree as it is or of a tree. Never of anything outside of the work tree. */
export async function readFilePart(
  context: GitContext,
  { path, file, at, offset = 0 }: RunnerParams<'git.file'>,
  signal?: AbortSignal,
): Promise<Result> {
  const name = bytesOf(file)
  if (/^\/|(?:^|\/)\.\.?(?:\/|$)|\0/.test(name.toString('latin1')))
    throw new SkeinError('invalid', `reading ${file}: a file is named from the root of its workspace, without "."`)
  return at === 'work'
    ? readHere(context, path, name, offset, signal)
    : readThere(context, { path, name, file, at, offset }, signal)
}

async function readHere(
  context: GitContext,
  path: string,
  name: Buffer,
  offset: number,
  signal?: AbortSignal,
): Promise<Result> {
  const { at } = await openWorkTree(context, path, signal)
  const root = await realpath(at)
  const place = Buffer.concat([Buffer.from(`${root}/`), name])
  const stats = await lstat(place).catch(() => undefined)
  if (stats === undefined || stats.isDirectory()) return null
  const folder = await realpath(Buffer.from(dirname(place.toString('latin1')), 'latin1'), 'buffer')
  if (!isWithin(folder, root))
    throw new SkeinError('invalid', `reading ${name.toString()}: a folder on the way is a link out of the workspace`)
  // As git keeps it: a link is its target, and is never followed.
  if (stats.isSymbolicLink()) return whole(await readlink(place, 'buffer'))
  if (!stats.isFile()) return null
  return readPart(place, name.toString(), offset)
}

function isWithin(folder: Buffer, root: string): boolean {
  const text = `${folder.toString('latin1')}/`
  return text.startsWith(`${Buffer.from(root).toString('latin1')}/`)
}

async function readPart(place: Buffer | string, name: string, offset: number): Promise<Result> {
  const handle = await open(place, 'r')
  try {
    const { size } = await handle.stat()
    checkSize(size, name)
    const bytes = Buffer.alloc(Math.max(0, Math.min(PART, size - offset)))
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset)
    return { base64: bytes.toString('base64', 0, bytesRead), size, eof: offset + bytesRead >= size }
  } finally {
    await handle.close()
  }
}

async function readThere(
  context: GitContext,
  { path, name, file, at, offset }: { path: string; name: Buffer; file: string; at: string; offset: number },
  signal?: AbortSignal,
): Promise<Result> {
  const doing = `reading ${file} of ${at}`
  // The tree stands for itself; what it would be compared with does not matter.
  const { state } = await comparedStates(context, { path, base: at, tree: at, doing }, signal)
  const call = { doing, at: path, env: state.env, signal }
  const wanted = Buffer.concat([Buffer.from(`${state.tree}:`), name])
  const end = name.includes(10) ? { flags: ['-z'], byte: 0 } : { flags: [], byte: 10 }
  const { stdout } = await git(['cat-file', ...end.flags, '--batch-check=%(objecttype) %(objectname) %(objectsize)'], {
    ...call,
    input: Buffer.concat([wanted, Buffer.from([end.byte])]),
  })
  const [type, blob = '', size] = stdout.toString('utf8').trim().split(' ')
  if (type !== 'blob') return null
  checkSize(Number(size), file)
  if (Number(size) <= PART) return whole((await git(['cat-file', 'blob', blob], call)).stdout)
  return readPart(await spilledBlob(context, blob, call), file, offset)
}

/** A large blob is unpacked once for all its parts. */
async function spilledBlob(
  context: GitContext,
  blob: string,
  call: { doing: string; at: string; env: Record<string, string>; signal: AbortSignal | undefined },
): Promise<string> {
  const name = `blob-${createHash('sha256').update(blob).digest('hex').slice(0, 40)}`
  const folder = context.scratch.path(name)
  await context.places.run(folder, async () => {
    if (await context.scratch.keep(name)) return
    await context.scratch.with(async (making) => {
      const out = await open(join(making, 'content'), 'w', 0o600)
      try {
        await git(['cat-file', 'blob', blob], { ...call, stdout: out.fd })
      } finally {
        await out.close()
      }
      await rename(making, folder)
    })
  })
  return join(folder, 'content')
}

function whole(bytes: Buffer): Result {
  return { base64: bytes.toString('base64'), size: bytes.length, eof: true }
}

function checkSize(size: number, name: string): void {
  if (size <= MOST_SHOWN) return
  throw new SkeinError('invalid', `reading ${name}: it has ${size} bytes, more than 20 MiB`, {
    next: 'Open it in an editor instead.',
  })
}
