import { type Kysely, sql } from 'kysely'

/** Machines that are made ahead of the workspaces that they are for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `alter table machines add column template text`,
  `alter table machines add column begun integer not null default 0`,
  // What was made before this was written down may be there under its name.
  `update machines set begun = 1`,
  `alter table machines add column pool_project text`,
  `alter table machines add column made_of text`,
  `alter table machines add column ready_at integer`,
  `create table machine_pools (template text not null, project_id text not null, used_at integer not null,
    failures integer not null default 0, retry_at integer, problem text, primary key (template, project_id)) without rowid`,
]
