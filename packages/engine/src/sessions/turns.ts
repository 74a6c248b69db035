import type { DatabaseSync } from 'node:sqlite'
import {
  type AgentEventOf,
  type Envelope,
  type Origin,
  SkeinError,
  type StopReason,
  type Turn,
  textOf,
} from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { prepared } from '../store/prepared.ts'
import type { TurnTable } from '../store/schema-web.ts'
import { shownContent } from './queue.ts'

/** Longer prompts are cut where turns are listed; they stand whole in the transcript. */
const PROMPT_SHOWN = 4000

/** A turn's row, in the transaction that stores its first event. */
export function beginTurn(
  raw: DatabaseSync,
  sessionId: string,
  { turnId, seq, at }: Envelope,
  event: AgentEventOf<'turn_started'>,
): void {
  if (turnId === undefined) return
  prepared(
    raw,
    `insert or ignore into turns (session_id, id, number, origin, message_ids, started_at, first_seq) values (?, ?, ?, ?, ?, ?, ?)`,
  ).run(sessionId, turnId, numberOf(turnId), event.origin, JSON.stringify(event.messageIds), at, seq)
}

/** And with its last. */
export function endTurn(
  raw: DatabaseSync,
  sessionId: string,
  { turnId, seq, at }: Envelope,
  event: AgentEventOf<'turn_ended'>,
): void {
  if (turnId === undefined) return
  prepared(
    raw,
    `update turns set ended_at = ?, last_seq = ?, stop_reason = ?, cost = ?, fork_at = ? where session_id = ? and id = ?`,
  ).run(at, seq, event.stopReason, event.costDelta ?? null, event.forkAt ?? null, sessionId, turnId)
}

/** Turns are named `t1`, `t2`, … */
function numberOf(turnId: string): number {
  return Number(turnId.slice(1))
}

/** The turns of a session, the oldest first. */
export async function listTurns(context: EngineContext, sessionId: string): Promise<Turn[]> {
  const rows = await context.db
    .selectFrom('turns')
    .selectAll()
    .where('session_id', '=', sessionId)
    .orderBy('number')
    .execute()
  const prompts = await context.db
    .selectFrom('prompts')
    .select(['id', 'content'])
    .where('session_id', '=', sessionId)
    .execute()
  const texts = new Map(prompts.map((prompt) => [prompt.id, textOf(shownContent(context, prompt))]))
  return rows.map((row) => viewTurn(row, texts))
}

/** One turn. */
export async function turnRow(context: EngineContext, sessionId: string, turnId: string): Promise<TurnTable> {
  const row = await context.db
    .selectFrom('turns')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('id', '=', turnId)
    .executeTakeFirst()
  if (!row) throw new SkeinError('not_found', `the session ${sessionId} has no turn ${turnId}`)
  return row
}

function viewTurn(row: TurnTable, texts: ReadonlyMap<string, string>): Turn {
  const prompt = (JSON.parse(row.message_ids) as string[]).flatMap((id) => texts.get(id) ?? []).join('\n\n')
  return {
    id: row.id,
    sessionId: row.session_id,
    number: row.number,
    origin: row.origin as Origin,
    prompt: prompt.length > PROMPT_SHOWN ? `${prompt.slice(0, PROMPT_SHOWN)}…` : prompt,
    startedAt: row.started_at,
    firstSeq: row.first_seq,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.stop_reason === null ? {} : { stopReason: row.stop_reason as StopReason }),
    ...(row.cost === null ? {} : { cost: row.cost }),
    ...(row.last_seq === null ? {} : { lastSeq: row.last_seq }),
    ...(row.from_tree === null ? {} : { fromTree: row.from_tree }),
    ...(row.to_tree === null ? {} : { toTree: row.to_tree }),
  }
}
