import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { copyWhole, sizeOf } from './copy.ts'
import { ignoredAndWanted } from './ignored-files.ts'
import { kindAt } from './linked-work-tree.ts'

type Params = RunnerParams<'git.includeFiles'>
type Result = RunnerResult<'git.includeFiles'>

/** Where copies are put together before one rename brings them to their place. */
const ASIDE = '.skein-include'

interface Bringing {
  from: string
  to: string
  aside: string
  number: number
  files: string[]
  skipped: { path: string; why: string }[]
}

/**
 * Brings ignored files from one checkout to another: those that the patterns name, folders such as node_modules whole and by
 * reference where the file system can. What is there already stays; no link is followed on either side.
 */
export async function includeFiles(context: GitContext, params: Params, signal?: AbortSignal): Promise<Result> {
  const { from, to } = params
  const patterns = params.patterns ?? (await patternsOf(from))
  if (patterns.length === 0) return { files: [], bytes: 0, cloned: false, skipped: [] }
  const wanted = await context.scratch.with((folder) => ignoredAndWanted(from, patterns, folder, signal))
  const aside = join(to, ASIDE)
  const bringing: Bringing = { from, to, aside, number: 0, files: [], skipped: [] }
  return context.places.run(aside, async () => {
    try {
      await rm(aside, { recursive: true, force: true })
      await mkdir(aside)
      for (const name of wanted) await bring(bringing, name, signal)
      const bytes = await sizeOf(
        bringing.files.map((name) => join(from, name)),
        signal,
      )
      return { files: bringing.files, bytes, cloned: await canClone(bringing), skipped: bringing.skipped }
    } catch (error) {
      throw SkeinError.from(error, `bringing ignored files from ${from} to ${to}`)
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
  })
}

async function patternsOf(from: string): Promise<string[]> {
  const file = join(from, '.worktreeinclude')
  if ((await kindAt(file)) !== 'file') return []
  return (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
}

async function bring(bringing: Bringing, name: string, signal?: AbortSignal): Promise<void> {
  const { from, to, files, skipped } = bringing
  const source = join(from, name)
  const target = join(to, name)
  if (`${to}/`.startsWith(`${source.replace(/\/$/, '')}/`)) {
    skipped.push({ path: name, why: 'the workspace itself is in it' })
    return
  }
  const link = (await linkAbove(from, name)) ?? (await linkAbove(to, name))
  if (link !== undefined) {
    skipped.push({ path: name, why: `${link} is a symbolic link, which is not followed` })
    return
  }
  const there = await kindAt(target)
  if (there === 'none') {
    const why = await place(bringing, source, target, signal)
    if (why === undefined) files.push(name)
    else skipped.push({ path: name, why })
    return
  }
  const bare = name.replace(/\/$/, '')
  if (!there.includes('folder') || !(await kindAt(source)).includes('folder')) {
    skipped.push({ path: name, why: 'it is there already' })
    return
  }
  for (const inside of await readdir(source)) await bring(bringing, `${bare}/${inside}`, signal)
}

/** Copies aside, then renames, so that what is at the target is whole. Answers why it could not. */
async function place(
  bringing: Bringing,
  source: string,
  target: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const copy = join(bringing.aside, String(bringing.number++))
  const kind = await kindAt(source)
  if (kind === 'none') return 'it is gone'
  try {
    if (kind === 'file') await copyOne(source, copy)
    else await copyWhole(source, copy, signal)
    await mkdir(dirname(target), { recursive: true })
    await rename(copy, target)
    return undefined
  } catch (error) {
    const { code, message } = SkeinError.from(error, `copying ${source}`)
    if (signal?.aborted || code === 'disk_full' || code === 'cancelled') throw error
    return message
  }
}

/** A process for each small file would take longer than the file. */
async function copyOne(source: string, copy: string): Promise<void> {
  await copyFile(source, copy, constants.COPYFILE_FICLONE)
  const { atime, mtime } = await stat(source)
  await utimes(copy, atime, mtime)
}

/** The first folder on the way to a name that is a link; what lies behind it is not in the tree. */
async function linkAbove(root: string, name: string): Promise<string | undefined> {
  const parts = name.split('/').slice(0, -1)
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = parts.slice(0, depth).join('/')
    // A name of a folder ends with a slash, and that folder may itself be a link.
    if (folder !== '' && (await kindAt(join(root, folder))) === 'link') return folder
  }
  return undefined
}

/** Whether copies share their blocks with the originals. Asked of the file system, since `cp` does not tell. */
async function canClone({ from, aside, files }: Bringing): Promise<boolean> {
  if (files.length === 0 || (await stat(from)).dev !== (await stat(aside)).dev) return false
  const probe = join(aside, 'probe')
  await writeFile(probe, 'probe')
  return copyFile(probe, `${probe}-clone`, constants.COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  )
}
