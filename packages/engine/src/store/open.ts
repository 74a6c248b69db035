import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { SkeinError } from '@skein/protocol'
import { Kysely } from 'kysely'
import { ConnectionLock } from './connection-lock.ts'
import { NodeSqliteDialect } from './sqlite-dialect.ts'
import { storeError } from './sqlite-errors.ts'

/** An open SQLite store: one connection, used in turn by Kysely (`db`) and by `GroupCommit` (over `raw`). */
export interface Sqlite<T> extends AsyncDisposable {
  readonly db: Kysely<T>
  readonly raw: DatabaseSync
  /** To be held while `raw` is used. */
  readonly lock: ConnectionLock
  /** Waits for what runs, then closes. A second call does nothing. */
  close(): Promise<void>
}

const HEADER = 'SQLite format 3\0'

/**
 * Opens the store, or makes it: WAL, every commit synced to the disk before it is acknowledged, files readable by their
 * owner alone. A file that is damaged or not a store is refused and left as it is. Whether its tables are of this version is
 * `migrate`'s question.
 */
export async function openSqlite<T>(path: string): Promise<Sqlite<T>> {
  const file = path === ':memory:' ? path : resolve(path)
  const doing = `Opening the store ${file}`
  if (file !== ':memory:') prepareFile(file, doing)
  const raw = connect(file, doing)
  const lock = new ConnectionLock()
  const db = new Kysely<T>({ dialect: new NodeSqliteDialect(raw, lock) })
  const closed = async () => {
    await lock.acquire()
    try {
      await db.destroy()
      if (raw.isOpen) raw.close()
    } finally {
      lock.release()
    }
  }
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= closed()
    return closing
  }
  return { db, raw, lock, close, [Symbol.asyncDispose]: close }
}

/** Makes the file with its mode (SQLite gives the -wal and -shm beside it the same one) and looks at what is there. */
function prepareFile(file: string, doing: string): void {
  try {
    makeFolder(dirname(file), doing)
    const descriptor = openSync(file, 'a+', 0o600)
    try {
      const problem = problemOf(descriptor, file)
      if (problem) throw new SkeinError('conflict', `${doing}: ${problem}`, { next: leftAsItIs(file) })
    } finally {
      closeSync(descriptor)
    }
    for (const name of [file, `${file}-wal`, `${file}-shm`])
      if (((statSync(name, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0) chmodSync(name, 0o600)
  } catch (error) {
    throw SkeinError.from(error, doing)
  }
}

/** Not with `recursive`: for a folder below `/proc` that never ends. */
function makeFolder(folder: string, doing: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? error.code : undefined
    if (errno === 'EEXIST') return
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw error
    throw new SkeinError(
      'unavailable',
      `${doing}: the folder ${folder} cannot be made, since what it would be in is no folder`,
      {
        next: 'Set SKEIN_HOME to a folder that can be written.',
        cause: error,
      },
    )
  }
}

/** What SQLite itself would overlook, or overwrite. The header's format: sqlite.org/fileformat2.html#the_database_header. */
function problemOf(descriptor: number, file: string): string | undefined {
  const { size } = fstatSync(descriptor)
  const walSize = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
  // SQLite would take an empty file for a new store and delete the WAL that belongs to the lost one.
  if (size === 0) return walSize > 0 ? 'the file is empty or gone, and its -wal is still there' : undefined
  const header = Buffer.alloc(100)
  const length = readSync(descriptor, header, 0, header.length, 0)
  if (length < header.length || header.toString('latin1', 0, HEADER.length) !== HEADER)
    return 'the file is not a Skein store'
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const pages = header.readUInt32BE(28)
  // With a WAL, pages of the file's end may be in there.
  if (walSize === 0 && pages * pageSize > size)
    return `the file is cut off: ${size} of ${pages * pageSize} bytes are there`
  return undefined
}

function leftAsItIs(file: string): string {
  return `It was left as it is. Restore ${file} from a backup, or move it and its -wal away to begin anew.`
}

function connect(file: string, doing: string): DatabaseSync {
  let raw: DatabaseSync | undefined
  try {
    raw = new (sqlite().DatabaseSync)(file, { timeout: 5_000, enableForeignKeyConstraints: true })
    raw.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma journal_size_limit = 67108864;
      pragma temp_store = memory;
    `)
    // Reads the schema and takes the write lock once, so that a damaged or read-only file is told now and not at the first write.
    raw.exec('begin immediate; select count(*) from sqlite_schema; rollback')
    return raw
  } catch (error) {
    raw?.close()
    throw SkeinError.from(storeError(error, doing), doing)
  }
}

let loaded: typeof import('node:sqlite') | undefined

// Node 22 and 24 print a warning when the module is first loaded; it would stand on the stderr of every command.
function sqlite(): typeof import('node:sqlite') {
  if (loaded) return loaded
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    loaded = process.getBuiltinModule('node:sqlite')
    return loaded
  } finally {
    process.emitWarning = emitWarning
  }
}
