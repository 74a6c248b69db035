import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { up as library } from './migration-library.ts'
import { up as machines } from './migration-machines.ts'
import { up as pools } from './migration-pools.ts'
import { up as web } from './migration-web.ts'
import { up as work } from './migration-work.ts'

/** Every change of the schema, in order. A migration that has been released is never edited. */
export const migrations: Record<string, Migration> = {
  '0001_foundation': {
    async up(db: Kysely<unknown>) {
      for (const statement of FOUNDATION) await sql.raw(statement).execute(db)
    },
  },
  '0002_web': { up: web },
  '0003_work': { up: work },
  '0004_machines': { up: machines },
  '0005_pools': { up: pools },
  '0006_library': { up: library },
}

const FOUNDATION = [
  `create table projects (id text primary key, name text not null, path text not null unique, common_dir text not null,
    added_at integer not null, trusted_hash text)`,
  `create table commands (key text primary key, method text not null, params_hash text not null, result text not null, at integer not null)`,
  `create table machines (id text primary key, kind text not null, record text not null, created_at integer not null)`,
  `create table workspaces (id text primary key, project_id text not null references projects(id), name text not null, branch text not null,
    base_ref text not null, base text, machine_id text not null, path text not null, created_at integer not null, state text not null,
    port integer, from_ref text, existing_branch integer not null default 0, problem text, diff text, removal text, removed_at integer,
    snapshot_ref text)`,
  `create unique index workspaces_name on workspaces (name) where state <> 'removed'`,
  `create unique index workspaces_port on workspaces (machine_id, port) where state <> 'removed' and port is not null`,
  `create table steps (workspace_id text not null references workspaces(id), name text not null, position integer not null,
    state text not null, started_at integer, ended_at integer, note text, primary key (workspace_id, name))`,
  `create table sessions (id text primary key, workspace_id text not null references workspaces(id), agent text not null,
    native_id text not null, title text, created_at integer not null, options text not null, env text not null, secrets_sealed text,
    origin text not null, has_conversation integer not null default 0, epoch integer not null default 0, process_state text not null,
    process_started_at integer, pid integer, fold text not null, cursor_epoch integer not null default 0,
    cursor_offset integer not null default 0, seq integer not null default 0, recoveries integer not null default 0,
    interrupt_at integer, active_at integer not null, problem text)`,
  `create index sessions_workspace on sessions (workspace_id)`,
  `create table prompts (id text primary key, session_id text not null references sessions(id), position integer not null,
    content text not null, origin text not null, state text not null, epoch integer, attempts integer not null default 0,
    created_at integer not null)`,
  `create index prompts_open on prompts (session_id, position) where state in ('queued', 'sent', 'started')`,
  `create table events (session_id text not null references sessions(id), seq integer not null, at integer not null, type text not null,
    epoch integer, offset integer, n integer, envelope text not null, primary key (session_id, seq)) without rowid`,
  `create unique index events_source on events (session_id, epoch, offset, n) where epoch is not null`,
  `create table asks (id text primary key, session_id text not null references sessions(id), workspace_id text not null,
    request_id text not null, epoch integer not null, kind text not null, title text not null, tool_name text, reason text,
    input text not null, input_hash text not null, input_sealed text, options text not null, questions text, plan_id text, plan text,
    default_to_no integer not null default 0, state text not null, created_at integer not null, answered_at integer, answer text,
    answered_by text, delivered integer not null default 0)`,
  `create index asks_open on asks (session_id) where state = 'open' or (state = 'answered' and delivered = 0)`,
]
