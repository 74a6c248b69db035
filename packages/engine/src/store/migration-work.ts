import { type Kysely, sql } from 'kysely'

/** Checks, services and terminals. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `create table checks (workspace_id text not null references workspaces(id), name text not null, position integer, run text not null,
    after_turn integer not null default 0, fix_rounds integer not null default 0, own_after_turn integer, own_fix_rounds integer,
    rounds integer not null default 0, fixed_at integer, last_run text, primary key (workspace_id, name)) without rowid`,
  `create table check_runs (id text primary key, workspace_id text not null references workspaces(id), name text not null,
    state text not null, started_at integer not null, ended_at integer, exit_code integer, cause text not null, session_id text,
    turn_id text, round integer not null default 0, note text, script text not null, timeout_ms integer not null,
    cancelled integer not null default 0, log text not null default 'journal', fix_session text, fix_message text, fix_by text)`,
  `create index check_runs_workspace on check_runs (workspace_id, started_at)`,
  `create index check_runs_open on check_runs (workspace_id, name) where state = 'running' or log = 'journal'`,
  `create table services (workspace_id text not null references workspaces(id), name text not null, position integer, run text not null,
    script text not null, port integer, health text, autostart integer not null default 0, wanted integer, state text not null,
    because text not null, epoch integer not null default 0, pid integer, started_at integer, ended_at integer, exit_code integer,
    primary key (workspace_id, name)) without rowid`,
  `create table terminals (id text primary key, workspace_id text not null references workspaces(id), title text not null,
    created_at integer not null, state text not null, exit_code integer)`,
  `create index terminals_workspace on terminals (workspace_id)`,
  `create table considered_turns (session_id text primary key references sessions(id), turn_id text not null, tree text) without rowid`,
]
