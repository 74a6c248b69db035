import { type Kysely, sql } from 'kysely'

/** Machines beside this computer. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `alter table machines add column name text not null default ''`,
  `alter table machines add column settings text not null default '{}'`,
  `alter table machines add column state text not null default 'known'`,
  `alter table machines add column problem text`,
  `alter table workspaces add column in_place integer not null default 0`,
  `alter table workspaces add column moving text`,
]
