import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { SkeinError } from '@skein/protocol'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import type { ConnectionLock } from './connection-lock.ts'
import { storeError } from './sqlite-errors.ts'

const STATEMENTS_KEPT = 256

/**
 * Kysely over one `node:sqlite` connection, used in turn with whoever else takes the same lock.
 *
 * Values: booleans are stored as 0 and 1, `Uint8Array` as a blob, `undefined` as null, objects and arrays as JSON text (which
 * is read as text). Text with a NUL is refused, integers beyond 2^53 are refused when read.
 */
export class NodeSqliteDialect implements Dialect {
  readonly #raw: DatabaseSync
  readonly #lock: ConnectionLock

  constructor(raw: DatabaseSync, lock: ConnectionLock) {
    this.#raw = raw
    this.#lock = lock
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#raw, this.#lock)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new NodeSqliteAdapter()
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db)
  }
}

class NodeSqliteAdapter extends SqliteAdapter {
  // The driver's own lock puts callers in turn, with a deadline; Kysely's would stand before it without one.
  override get supportsMultipleConnections(): boolean {
    return true
  }

  // SQLite rolls schema changes back, so a migration that is cut off leaves nothing behind.
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class NodeSqliteDriver implements Driver {
  readonly #raw: DatabaseSync
  readonly #lock: ConnectionLock
  readonly #connection: NodeSqliteConnection

  constructor(raw: DatabaseSync, lock: ConnectionLock) {
    this.#raw = raw
    this.#lock = lock
    this.#connection = new NodeSqliteConnection(raw)
  }

  async init(): Promise<void> {}

  async acquireConnection(options?: { signal?: AbortSignal | undefined }): Promise<DatabaseConnection> {
    await this.#lock.acquire(options?.signal)
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    try {
      if (this.#raw.isOpen && this.#raw.isTransaction) this.#raw.exec('rollback')
    } finally {
      this.#lock.release()
    }
  }

  // Immediate: a transaction that reads first and writes later would otherwise find the store locked halfway.
  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const how = settings.accessMode === 'read only' ? 'begin' : 'begin immediate'
    await connection.executeQuery(CompiledQuery.raw(how))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  // A full disk rolls back by itself; asking again would be an error that hides the first one.
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#raw.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`savepoint ${quoted(name)}`))
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`rollback to ${quoted(name)}`))
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`release ${quoted(name)}`))
  }

  async destroy(): Promise<void> {
    if (this.#raw.isOpen) this.#raw.close()
  }
}

interface Prepared {
  statement: StatementSync
  /** Whether it gives rows (`select`, `returning`). */
  reads: boolean
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #raw: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(raw: DatabaseSync) {
    this.#raw = raw
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const { statement, reads } = this.#prepare(query.sql)
      const values = query.parameters.map(bound)
      // The rows' type is Kysely's promise to its caller; SQLite gives plain records.
      if (reads) return { rows: statement.all(...values) as R[] }
      const { changes, lastInsertRowid } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    } catch (error) {
      throw storeError(error, 'Using the store')
    }
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    try {
      // Not from the cache: the cursor of a cached statement would be reset by the same query run in between.
      const { statement } = this.#describe(query.sql)
      let rows: R[] = []
      for (const row of statement.iterate(...query.parameters.map(bound))) {
        rows.push(row as R)
        if (rows.length < chunkSize) continue
        yield { rows }
        rows = []
      }
      if (rows.length > 0) yield { rows }
    } catch (error) {
      throw storeError(error, 'Reading the store')
    }
  }

  #prepare(sql: string): Prepared {
    // What is known of a statement's columns ends with the schema that it was prepared for.
    if (/^\s*(create|alter|drop|pragma|attach|detach|vacuum)\b/i.test(sql)) {
      this.#prepared.clear()
      return this.#describe(sql)
    }
    const known = this.#prepared.get(sql)
    if (known) {
      this.#prepared.delete(sql)
      this.#prepared.set(sql, known)
      return known
    }
    const prepared = this.#describe(sql)
    this.#prepared.set(sql, prepared)
    const [oldest] = this.#prepared.keys()
    if (this.#prepared.size > STATEMENTS_KEPT && oldest !== undefined) this.#prepared.delete(oldest)
    return prepared
  }

  #describe(sql: string): Prepared {
    const statement = this.#raw.prepare(sql)
    return { statement, reads: statement.columns().length > 0 }
  }
}

function bound(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'string':
      // It would be cut off there when it is read; Postgres takes none either.
      if (value.includes('\0'))
        throw new SkeinError('invalid', 'Using the store: text with a NUL cannot be kept as it is')
      return value
    case 'number':
    case 'bigint':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'undefined':
      return null
    case 'object':
      if (value === null || value instanceof Uint8Array) return value
      if (value instanceof Date) throw new TypeError('A time is stored as Unix milliseconds, not as a Date')
      return JSON.stringify(value)
    default:
      throw new TypeError(`A ${typeof value} cannot be stored`)
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
