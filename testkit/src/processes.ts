import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'

export interface FoundProcess {
  pid: number
  command: string
  cwd: string
}

/**
 * Processes, but this one, whose environment or command line holds `marker`: a test puts a unique path or variable into what
 * it starts, and asserts afterwards that nothing of it is left. Zombies have no environment and do not count. Linux only.
 */
export async function processesUnder(marker: string): Promise<FoundProcess[]> {
  return matching(async (pid) => {
    const [environment, command] = await Promise.all([read(pid, 'environ'), read(pid, 'cmdline')])
    return environment.includes(marker) || command.includes(marker)
  })
}

/** Processes, but this one, whose working directory is `folder` or below, deleted or not. */
export async function processesIn(folder: string): Promise<FoundProcess[]> {
  return matching(async (pid) => isInside(await link(join('/proc', pid, 'cwd')), folder))
}

/** Open files below `folder`, of any process but this one. */
export async function openFilesUnder(folder: string): Promise<{ process: FoundProcess; path: string }[]> {
  const found = await Promise.all(
    (await pids()).map(async (pid) => {
      const descriptors = await readdir(join('/proc', pid, 'fd')).catch(() => [])
      const paths = await Promise.all(descriptors.map((descriptor) => link(join('/proc', pid, 'fd', descriptor))))
      const inside = paths.filter((path) => isInside(path, folder))
      const process = await describe(pid)
      return inside.map((path) => ({ process, path }))
    }),
  )
  return found.flat()
}

async function matching(fits: (pid: string) => Promise<boolean>): Promise<FoundProcess[]> {
  const found = await Promise.all((await pids()).map(async (pid) => ((await fits(pid)) ? [await describe(pid)] : [])))
  return found.flat()
}

async function pids(): Promise<string[]> {
  const entries = await readdir('/proc').catch((error: unknown) => {
    throw new SkeinError('missing', 'looking for processes: there is no /proc', {
      next: 'Run these tests on Linux.',
      cause: error,
    })
  })
  return entries.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
}

async function describe(pid: string): Promise<FoundProcess> {
  const command = (await read(pid, 'cmdline')).replaceAll('\0', ' ').trim()
  return { pid: Number(pid), command, cwd: await link(join('/proc', pid, 'cwd')) }
}

/** A process may end between two looks, or belong to someone else: then there is nothing to read. */
function read(pid: string, file: string): Promise<string> {
  return readFile(join('/proc', pid, file), 'utf8').catch(() => '')
}

function link(path: string): Promise<string> {
  return readlink(path).catch(() => '')
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`) || path === `${folder} (deleted)`
}

/** The command lines of all processes of this computer, those in containers too: what `ps` shows to everybody. Linux only. */
export function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
}
