import type { DatabaseSync } from 'node:sqlite'

const statements = new WeakMap<DatabaseSync, Map<string, ReturnType<DatabaseSync['prepare']>>>()

/** A prepared statement, kept for as long as its database. */
export function prepared(raw: DatabaseSync, sql: string): ReturnType<DatabaseSync['prepare']> {
  const cache = statements.get(raw) ?? new Map<string, ReturnType<DatabaseSync['prepare']>>()
  statements.set(raw, cache)
  const statement = cache.get(sql) ?? raw.prepare(sql)
  cache.set(sql, statement)
  return statement
}
