import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/**
 * What is half made carries its maker in its name, so that any process can tell whether somebody still works on it:
 * `<prefix><pid>-<start>-<uuid>`. `start` is the kernel's start time of the process, because pids come again; 0 where the
 * system has no /proc.
 */
const MADE_BY = /(\d+)-(\d+)-[0-9a-f-]{36}$/

const underWay = new Set<string>()

/** A new name; to be given back with `done`. */
export async function makerName(prefix: string): Promise<string> {
  const name = `${prefix}${process.pid}-${await startOf(process.pid)}-${randomUUID()}`
  underWay.add(name)
  return name
}

export function done(name: string): void {
  underWay.delete(name)
}

/** Whether a name is a maker's and its maker has ended, or has long forgotten it. */
export async function isAbandoned(name: string): Promise<boolean> {
  const [, pid = '', start = ''] = MADE_BY.exec(name) ?? []
  if (pid === '' || underWay.has(name)) return false
  if (Number(pid) === process.pid) return true
  return !isRunning(Number(pid)) || (await startOf(Number(pid))) !== start
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function startOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Fields after the command, which stands in parentheses and may hold anything; the start is the 22nd of all.
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
}
