import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Envelope, StopReason } from '@skein/protocol'
import { waitUntil } from '@skein/testkit'
import { key } from '../working-world.ts'
import type { World } from '../world.ts'
import type { PastEvent } from './history.ts'

/** What a session is made to have done: its events, and what its fold says of them. */
export interface Past {
  readonly sessionId: string
  readonly events: Iterable<PastEvent>
  /** When the last event was, Unix milliseconds. */
  readonly endedAt: number
  readonly title?: string
  readonly cost?: number
  readonly stopReason?: StopReason
  readonly error?: string
  /** What of it is in the index of words already: all of it, unless told otherwise. */
  readonly indexed?: boolean
  /** Nobody has looked at the last turn. */
  readonly unseen?: boolean
}

interface PastTurn {
  id: string
  first: number
  last: number
  startedAt: number
  endedAt: number
}

/**
 * Writes what happened into a store whose server does not run, in the tables and the form in which the engine writes it. What is
 * read from it afterwards is read by the real server.
 */
export class WrittenStore implements Disposable {
  readonly #db: DatabaseSync

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: 30_000 })
    this.#db.exec('pragma synchronous = off')
    this.#db.exec('begin')
  }

  session(past: Past): number {
    const { sessionId, endedAt } = past
    const add = this.#db.prepare('insert into events (session_id, seq, at, type, envelope) values (?, ?, ?, ?, ?)')
    this.#db.prepare('delete from events where session_id = ?').run(sessionId)
    const events = [...past.events]
    let at = endedAt - events.reduce((sum, { after }) => sum + after, 0)
    const startedAt = at
    let seq = 0
    const turns: PastTurn[] = []
    for (const { event, turnId, after } of events) {
      at += after
      seq += 1
      if (event.type === 'turn_started' && turnId !== undefined)
        turns.push({ id: turnId, first: seq, last: seq, startedAt: at, endedAt: at })
      const turn = turns.at(-1)
      if (event.type === 'turn_ended' && turn) Object.assign(turn, { last: seq, endedAt: at })
      const envelope: Envelope = { v: 1, sessionId, seq, at, ...(turnId === undefined ? {} : { turnId }), event }
      add.run(sessionId, seq, at, event.type, JSON.stringify(envelope))
    }
    const last = turns.at(-1)
    const fold = {
      ...JSON.parse(String(this.#one('sessions', sessionId).fold)),
      ...{ turns: turns.length, turn: null, cost: past.cost ?? 0, title: past.title ?? null, model: 'claude-opus-5-5' },
      ...{ contextUsed: 84_000, contextSize: 200_000 },
      lastTurn: last && {
        ...{ id: last.id, startedAt: last.startedAt, endedAt: last.endedAt },
        stopReason: past.stopReason ?? 'end_turn',
        ...(past.error === undefined ? {} : { error: { code: 'unknown', message: past.error } }),
      },
    }
    this.#db
      .prepare('update sessions set seq = ?, seen_seq = ?, fold = ?, created_at = ?, active_at = ? where id = ?')
      .run(
        seq,
        past.unseen ? Math.max(0, (turns.at(-1)?.first ?? seq) - 3) : seq,
        JSON.stringify(fold),
        startedAt,
        endedAt,
        sessionId,
      )
    this.#turns(sessionId, turns, events)
    if (past.indexed ?? true)
      this.#db.prepare('insert or replace into search_progress (session_id, seq) values (?, ?)').run(sessionId, seq)
    return seq
  }

  #turns(sessionId: string, turns: readonly PastTurn[], events: readonly PastEvent[]): void {
    const add = this.#db.prepare(
      `insert into turns (session_id, id, number, origin, message_ids, started_at, ended_at, stop_reason, first_seq, last_seq)
        values (?, ?, ?, 'user', ?, ?, ?, 'end_turn', ?, ?)`,
    )
    const prompt = this.#db.prepare(
      `insert or ignore into prompts (id, session_id, position, content, origin, state, created_at)
        values (?, ?, ?, ?, 'user', 'completed', ?)`,
    )
    for (const [index, turn] of turns.entries()) {
      const { id, first, last, startedAt, endedAt } = turn
      const begun = events[first - 1]?.event
      const ids = begun?.type === 'turn_started' ? begun.messageIds : []
      add.run(sessionId, id, index + 1, JSON.stringify(ids), startedAt, endedAt, first, last)
    }
    for (const [index, { event }] of events.entries())
      if (event.type === 'user_message')
        prompt.run(`${event.messageId}-${sessionId}`, sessionId, index, JSON.stringify(event.content), 0)
  }

  /** Columns of a workspace, as the engine would have set them. */
  workspace(id: string, columns: Record<string, string | number | null>): void {
    const names = Object.keys(columns)
    this.#db
      .prepare(`update workspaces set ${names.map((name) => `${name} = ?`).join(', ')} where id = ?`)
      .run(...Object.values(columns), id)
  }

  #one(table: string, id: string): Record<string, unknown> {
    const row = this.#db.prepare(`select * from ${table} where id = ?`).get(id)
    if (row === undefined) throw new Error(`there is no row ${id} in ${table}`)
    return row
  }

  [Symbol.dispose](): void {
    this.#db.exec('commit')
    this.#db.close()
  }
}

/** Stops a world's server, so that its store can be written to. `up` starts another one. */
export async function storeAtRest(world: World): Promise<WrittenStore> {
  const pid = await world.serverPid()
  await world.api.call('server.stop', { key: key() })
  await waitUntil(() => !existsSync(`/proc/${pid}`), { what: 'the end of the server', timeout: 60_000 })
  return new WrittenStore(join(world.home, 'store.db'))
}
