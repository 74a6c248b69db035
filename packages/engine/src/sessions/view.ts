import type { Session } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { kept } from '../sealed.ts'
import type { SessionTable } from '../store/schema.ts'
import type { SessionFold } from './fold.ts'
import type { StoredOptions } from './options.ts'

/** A session as clients see it: its row and the summary that its fold holds. */
export async function viewSession(context: EngineContext, row: SessionTable): Promise<Session> {
  const fold = kept<SessionFold>(context, row.fold, `fold:${row.id}`)
  const options = JSON.parse(row.options) as StoredOptions
  const { db } = context
  const waiting = await db
    .selectFrom('prompts')
    .select('state')
    .where('session_id', '=', row.id)
    .where('state', 'in', ['queued', 'sent', 'started'])
    .execute()
  const ask = await db
    .selectFrom('asks')
    .select('id')
    .where('session_id', '=', row.id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  const problem = row.problem === null ? undefined : (JSON.parse(row.problem) as NonNullable<Session['problem']>)
  const lives = row.process_state === 'running' || row.process_state === 'starting' || row.process_state === 'stopping'
  // The fold is kept as the agent said it.
  const lastTurn = context.redactor.redactValue(
    fold.turn ? { id: fold.turn.id, startedAt: fold.turn.startedAt } : fold.lastTurn,
  )
  const title = row.title ?? context.redactor.redactText(fold.title ?? '')
  const model = options.model ?? fold.model
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    agent: row.agent,
    ...(title === '' ? {} : { title }),
    createdAt: row.created_at,
    state: stateOf({
      problem: problem !== undefined,
      ask: ask !== undefined,
      turn: fold.turn !== null,
      waiting: waiting.length > 0,
      process: row.process_state,
      turns: fold.turns,
    }),
    seq: row.seq,
    seenSeq: row.seen_seq,
    turns: fold.turns,
    ...(lastTurn ? { lastTurn } : {}),
    queued: waiting.filter(({ state }) => state !== 'started').length,
    permissionMode: options.permissionMode ?? 'sandboxed',
    ...(model ? { model } : {}),
    ...(options.effort === undefined ? {} : { effort: options.effort }),
    usage: {
      cost: fold.cost,
      inputTokens: fold.inputTokens,
      outputTokens: fold.outputTokens,
      ...(fold.contextUsed === null ? {} : { contextUsed: fold.contextUsed }),
      ...(fold.contextSize === null ? {} : { contextSize: fold.contextSize }),
    },
    ...(lives
      ? {
          process: {
            epoch: row.epoch,
            startedAt: row.process_started_at ?? row.created_at,
            ...(row.pid === null ? {} : { pid: row.pid }),
          },
        }
      : {}),
    nativeSessionId: row.native_id,
    ...(options.parent === undefined ? {} : { parent: options.parent }),
    ...(problem ? { problem } : {}),
  }
}

interface StateFacts {
  problem: boolean
  ask: boolean
  turn: boolean
  waiting: boolean
  process: SessionTable['process_state']
  turns: number
}

function stateOf(facts: StateFacts): Session['state'] {
  if (facts.ask) return 'waiting'
  if (facts.turn) return 'working'
  if (facts.problem) return 'failed'
  if (facts.process === 'starting' || facts.waiting) return 'starting'
  if (facts.process === 'running') return facts.turns === 0 ? 'ready' : 'idle'
  return facts.turns === 0 ? 'none' : 'hibernated'
}
