import type { Dirent, Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, relative, resolve } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { UNFINISHED } from '../system/durable.ts'

const LONGEST_READ = 512 * 1024

export async function statFile(path: string): Promise<RunnerResult<'fs.stat'>> {
  try {
    const found = await lstat(path)
    return { type: typeOf(found), size: found.size, mode: found.mode & 0o7777, mtimeMs: found.mtimeMs }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

export async function listFolder(path: string): Promise<RunnerResult<'fs.list'>> {
  const entries = await found(`listing ${path}`, readdir(path, { withFileTypes: true }))
  return entries.map((entry) => ({ name: entry.name, type: typeOf(entry) }))
}

/** At most 512 KiB a call. */
export async function readPart(params: RunnerParams<'fs.read'>): Promise<RunnerResult<'fs.read'>> {
  const file = await found(`reading ${params.path}`, open(params.path, 'r'))
  try {
    const buffer = Buffer.alloc(Math.min(params.length, LONGEST_READ))
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, params.offset + length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    const { size } = await file.stat()
    const eof = length < buffer.length || params.offset + length >= size
    return { base64: buffer.toString('base64', 0, length), eof }
  } finally {
    await file.close()
  }
}

/** Replaces the whole file, atomically. A file that is there keeps its mode unless another is asked for. */
export async function writeFile(params: RunnerParams<'fs.write'>): Promise<void> {
  await mkdir(dirname(params.path), { recursive: true })
  const mode = params.mode ?? (await statFile(params.path))?.mode ?? 0o644
  const temporary = `${params.path}.${process.pid}.${Date.now()}${UNFINISHED}`
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.chmod(mode)
      await file.writeFile(Buffer.from(params.base64, 'base64'))
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, params.path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Removes a file or a folder with all that is in it; that there is none is no error. */
export async function removeFile(path: string): Promise<void> {
  const inside = relative(resolve(path), homedir())
  if (inside === '' || !inside.startsWith('..')) {
    throw new SkeinError('invalid', `removing ${path}: the user's home folder lies there`)
  }
  await rm(path, { recursive: true, force: true })
}

function typeOf(entry: Dirent | Stats): 'file' | 'directory' | 'link' | 'other' {
  if (entry.isSymbolicLink()) return 'link'
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'other'
}

async function found<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new SkeinError('not_found', `${doing}: it does not exist`, { cause: error })
    throw SkeinError.from(error, doing)
  }
}
