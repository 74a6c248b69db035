import { linkSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { readRecord, replaceFile, UNFINISHED } from '../system/durable.ts'
import { identify, isAlive, ProcessIdentity } from '../system/processes.ts'

const NAME = 'daemon.lock'
const LockRecord = z.object({ identity: ProcessIdentity, released: z.boolean() })

/**
 * One daemon a state folder. The lock is the file `daemon.lock.<n>` with the highest n, and its holder is the process that it
 * names, while that lives. To take over a dead holder's lock is to make the file n+1, which only one can. The highest file is
 * never removed, so a number is never used again, and whoever looked too early finds out by looking again.
 */
export class DaemonLock {
  readonly #dir: string
  readonly #number: number

  private constructor(dir: string, number: number) {
    this.#dir = dir
    this.#number = number
  }

  /** The lock, or the pid of the process that holds it. */
  static acquire(dir: string): DaemonLock | { heldBy: number } {
    const identity = identify(process.pid)
    if (!identity) throw new Error(`process ${process.pid} is not to be found`)
    for (;;) {
      const newest = newestLock(dir)
      const holder = readRecord(lockPath(dir, newest), LockRecord)
      if (holder && !holder.released && isAlive(holder.identity)) return { heldBy: holder.identity.pid }
      const number = newest + 1
      if (!place(lockPath(dir, number), JSON.stringify({ identity, released: false }))) continue
      if (newestLock(dir) !== number) {
        rmSync(lockPath(dir, number), { force: true })
        continue
      }
      for (const older of lockNumbers(dir)) if (older < number) rmSync(lockPath(dir, older), { force: true })
      return new DaemonLock(dir, number)
    }
  }

  /** Whether it is still ours: the folder may have been removed, or a clock or a container may have fooled another daemon. */
  get held(): boolean {
    try {
      const record = readRecord(lockPath(this.#dir, this.#number), LockRecord)
      return record?.identity.pid === process.pid && newestLock(this.#dir) === this.#number
    } catch {
      return false
    }
  }

  release(): void {
    const identity = identify(process.pid)
    if (identity && this.held)
      replaceFile(lockPath(this.#dir, this.#number), JSON.stringify({ identity, released: true }))
  }
}

/** The pid of the daemon of a state folder, if one lives. */
export function lockHolder(dir: string): number | undefined {
  try {
    const holder = readRecord(lockPath(dir, newestLock(dir)), LockRecord)
    return holder && !holder.released && isAlive(holder.identity) ? holder.identity.pid : undefined
  } catch {
    return undefined
  }
}

const lockPath = (dir: string, number: number) => join(dir, `${NAME}.${number}`)

function lockNumbers(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => /^daemon\.lock\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
}

function newestLock(dir: string): number {
  return Math.max(0, ...lockNumbers(dir))
}

/** Makes a file with its whole content at once; false when there is one already. */
function place(path: string, content: string): boolean {
  const temporary = `${path}.${process.pid}${UNFINISHED}`
  writeFileSync(temporary, content, { mode: 0o600 })
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}
