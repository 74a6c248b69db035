import { chmodSync } from 'node:fs'
import { SkeinError } from './errors.ts'

/** A lock that the kernel gives back when its holder dies. */
export interface Lock {
  release(): void
}

const SQLITE_BUSY = 5

/**
 * Takes a lock that the kernel gives back when its holder dies, however it dies: SQLite's own lock on an empty database.
 *
 * @returns undefined when another connection, of this process or another, holds it
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  const { DatabaseSync } = await import('node:sqlite')
  try {
    const database = new DatabaseSync(path)
    try {
      chmodSync(path, 0o600)
      // Nothing is ever written, so no journal is needed beside it; a full disk does not matter.
      database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    } catch (error) {
      database.close()
      throw error
    }
    return { release: () => database.close() }
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw new SkeinError('unavailable', `locking ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      next: 'Check the owner and mode of that file, or set SKEIN_HOME.',
      cause: error,
    })
  }
}
