import type { DatabaseSync } from 'node:sqlite'
import type { Envelope } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { prepared } from '../store/prepared.ts'
import { searchable } from './searchable.ts'

/** How much is read into the index in one go, so that nobody waits for it: events, and characters of text. */
const STEP = { events: 200, characters: 64 * 1024 }
/** Entries with one time. */
const PER_MS = 1024

/**
 * Reads stored events into the index of words. How far it has come in each session stands in the store and moves in the
 * transaction that moves the index, so that it goes on where it was, whether it was behind by one event or by all of them.
 */
export class SearchIndexer {
  readonly #context: EngineContext
  #running: Promise<boolean> | undefined

  constructor(context: EngineContext) {
    this.#context = context
  }

  /** Indexes what is missing for at most so long, milliseconds. Answers whether all of it is in now. */
  async catchUp(budgetMs: number): Promise<boolean> {
    this.#running ??= this.#run(budgetMs).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(budgetMs: number): Promise<boolean> {
    const end = performance.now() + budgetMs
    for (;;) {
      // What lives comes first: it is what people look for, and soon done.
      const behind = await this.#context.db
        .selectFrom('sessions')
        .leftJoin('search_progress', 'search_progress.session_id', 'sessions.id')
        .select(['sessions.id', 'sessions.seq', 'search_progress.seq as done'])
        .where((eb) => eb(eb.fn.coalesce('search_progress.seq', eb.lit(0)), '<', eb.ref('sessions.seq')))
        .orderBy('sessions.active_at', 'desc')
        .limit(20)
        .execute()
      if (behind.length === 0) return true
      for (const { id, done } of behind) {
        let at = done ?? 0
        for (let more = true; more; ) {
          if (this.#context.signal.aborted || performance.now() > end) return false
          const next = await this.#context.commits.write((raw) => indexStep(raw, id, at))
          more = next > at
          at = next
        }
      }
    }
  }
}

/** Indexes some events of a session; answers the last seq that is done. */
function indexStep(raw: DatabaseSync, sessionId: string, after: number): number {
  const rows = prepared(
    raw,
    'select seq, at, envelope from events where session_id = ? and seq > ? order by seq limit ?',
  ).iterate(sessionId, after, STEP.events)
  let last = after
  let characters = 0
  for (const row of rows) {
    last = Number(row.seq)
    characters += indexEvent(raw, sessionId, last, Number(row.at), JSON.parse(String(row.envelope)) as Envelope)
    if (characters > STEP.characters) break
  }
  if (last > after)
    prepared(
      raw,
      'insert into search_progress (session_id, seq) values (?, ?) on conflict (session_id) do update set seq = excluded.seq',
    ).run(sessionId, last)
  return last
}

function indexEvent(raw: DatabaseSync, sessionId: string, seq: number, at: number, { event }: Envelope): number {
  const found = searchable(event)
  if (!found) return 0
  // The row's number counts with time, so that the newest are found first without sorting.
  const low = at * PER_MS
  const top = prepared(raw, 'select max(id) as id from search_entries where id >= ? and id < ?').get(low, low + PER_MS)
  let id = top?.id == null ? low : Number(top.id) + 1
  while (prepared(raw, 'select 1 from search_entries where id = ?').get(id)) id += 1
  prepared(raw, 'insert into search_entries (id, session_id, seq, kind) values (?, ?, ?, ?)').run(
    id,
    sessionId,
    seq,
    found.kind,
  )
  prepared(raw, 'insert into search_text (rowid, text) values (?, ?)').run(id, found.text)
  return found.text.length
}
