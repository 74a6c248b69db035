import { SkeinError } from '@skein/protocol'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

/**
 * Brings the store's tables to this version: every migration that was not applied yet, in the order of their names, in one
 * transaction. A store that a newer version has changed is refused. Answers the names that were applied.
 */
export async function migrate<T>(db: Kysely<T>, migrations: Record<string, Migration>): Promise<string[]> {
  const unknown = (await appliedNames(db)).filter((name) => !(name in migrations))
  if (unknown.length > 0)
    throw new SkeinError(
      'conflict',
      `Opening the store: a newer version of Skein has changed it (${unknown.join(', ')})`,
      {
        next: 'Update Skein, or set SKEIN_HOME to another folder for this version.',
        details: { unknown },
      },
    )
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error === undefined) return results.map(({ migrationName }) => migrationName)
  const failed = results.find(({ status }) => status === 'Error')?.migrationName
  throw SkeinError.from(error, `Bringing the store up to date${failed ? ` (${failed})` : ''}`)
}

async function appliedNames<T>(db: Kysely<T>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map(({ name }) => name)
}
