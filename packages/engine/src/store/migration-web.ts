import { type Kysely, sql } from 'kysely'

/** What the web app needs of the store: turns, comments, what was seen, what is searched, and clones under way. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `alter table projects add column demo integer not null default 0`,
  `alter table projects add column removed_at integer`,
  `alter table workspaces add column pinned integer not null default 0`,
  `alter table workspaces add column archived integer not null default 0`,
  `alter table workspaces add column worked_at integer`,
  `alter table sessions add column seen_seq integer not null default 0`,
  // What was there before there was a way to see it is nothing new.
  `update sessions set seen_seq = seq`,
  `alter table asks add column answer_key text`,

  `create table turns (session_id text not null references sessions(id), id text not null, number integer not null, origin text not null,
    message_ids text not null, started_at integer not null, ended_at integer, stop_reason text, cost real, first_seq integer not null,
    last_seq integer, fork_at text, from_tree text, to_tree text, primary key (session_id, id)) without rowid`,
  `insert into turns (session_id, id, number, origin, message_ids, started_at, first_seq)
    select session_id, json_extract(envelope, '$.turnId'), cast(substr(json_extract(envelope, '$.turnId'), 2) as integer),
      json_extract(envelope, '$.event.origin'), json_extract(envelope, '$.event.messageIds'), at, seq
    from events where type = 'turn_started'`,
  `update turns set ended_at = e.at, last_seq = e.seq, stop_reason = json_extract(e.envelope, '$.event.stopReason'),
      cost = json_extract(e.envelope, '$.event.costDelta')
    from (select session_id, seq, at, envelope from events where type = 'turn_ended') as e
    where e.session_id = turns.session_id and json_extract(e.envelope, '$.turnId') = turns.id`,

  `create table comments (id text primary key, workspace_id text not null, session_id text not null references sessions(id),
    place text not null, content text not null, author text not null, state text not null, created_at integer not null, sent_at integer)`,
  `create index comments_workspace on comments (workspace_id, created_at)`,

  `create table clones (key text primary key, url text not null, username text, password_sealed text, path text not null,
    folder text not null, state text not null, problem text, created_at integer not null)`,

  // Contentless and without positions: the text stands in the events, and is read there when a hit is shown.
  `create virtual table search_text using fts5(text, content='', columnsize=0, detail=none, prefix='2 3 4',
    tokenize='unicode61 remove_diacritics 2')`,
  `create table search_entries (id integer primary key, session_id text not null, seq integer not null, kind text not null)`,
  `create table search_progress (session_id text primary key, seq integer not null) without rowid`,
]
