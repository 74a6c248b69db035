import { randomUUID } from 'node:crypto'
import { findProcess } from '../system/processes.ts'

/**
 * What is half made carries its maker in its name, so that any process can tell whether somebody still works on it:
 * `<prefix><pid>-<start>-<uuid>`. `start` is the system's start time of the process, because pids come again.
 */
const MADE_BY = /(\d+)-(\w+)-[0-9a-f-]{36}$/

const underWay = new Set<string>()

/** A new name; to be given back with `done`. */
export function makerName(prefix: string): string {
  const name = `${prefix}${process.pid}-${startOf(process.pid)}-${randomUUID()}`
  underWay.add(name)
  return name
}

export function done(name: string): void {
  underWay.delete(name)
}

/** Whether a name is a maker's and its maker has ended (a zombie has), or has long forgotten it. */
export function isAbandoned(name: string): boolean {
  const [, pid = '', start = ''] = MADE_BY.exec(name) ?? []
  if (pid === '' || underWay.has(name)) return false
  return Number(pid) === process.pid || startOf(Number(pid)) !== start
}

/** As a part of a file name; undefined where no such process runs. */
function startOf(pid: number): string | undefined {
  return findProcess(pid)?.startTime.replace(/\W+/g, '_')
}
