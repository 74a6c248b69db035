import { chmodSync, readFileSync } from 'node:fs'
import { SkeinError } from '@skein/protocol'
import * as z from 'zod'
import type { ServerPaths } from './home.ts'

/** What `server.json` says of the server that runs. For people and for messages: the lock is what counts. */
export const ServerRecord = z.object({
  pid: z.number().int(),
  version: z.string(),
  socket: z.string(),
  startedAt: z.number(),
})
export type ServerRecord = z.infer<typeof ServerRecord>

/** The exit status of a server that found another one in its place; whoever started it connects to that one. */
export const EXIT_LOCK_HELD = 75

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

/** Makes this process the one server of a home, and so the one owner of its store. Throws `conflict` if there is another. */
export async function acquireServerLock(paths: ServerPaths): Promise<Lock> {
  const lock = await tryLock(paths.lock)
  if (lock) return lock
  const other = readServerRecord(paths)
  throw new SkeinError(
    'conflict',
    `a server of ${paths.home} runs already${other ? ` (process ${other.pid}, version ${other.version})` : ''}`,
    { next: `Use that one, or stop it first with \`skein server stop\`.`, details: { lock: 'held', pid: other?.pid } },
  )
}

/** What the last server wrote; it may be gone by now. */
export function readServerRecord(paths: ServerPaths): ServerRecord | undefined {
  try {
    const record = ServerRecord.safeParse(JSON.parse(readFileSync(paths.info, 'utf8')))
    return record.success ? record.data : undefined
  } catch {
    return undefined
  }
}
