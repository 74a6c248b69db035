import { type Kysely, sql } from 'kysely'

/** Workspaces of several repositories; servers of the Model Context Protocol that a session was given; workspaces that go by themselves. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `create table workspace_repositories (workspace_id text not null references workspaces(id), folder text not null,
    position integer not null, project_id text not null references projects(id), branch text not null, base text not null,
    snapshot_ref text, primary key (workspace_id, folder))`,
  `alter table sessions add column mcp_sealed text`,
  `alter table workspaces add column ttl_ms integer`,
]
