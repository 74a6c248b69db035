import { type ApiParams, type Ask, SkeinError } from '@skein/protocol'
import type { Transaction } from 'kysely'
import type { EngineContext } from './context.ts'
import { keep, kept } from './sealed.ts'
import { checkAnswer } from './sessions/answers.ts'
import type { AskTable, Store } from './store/schema.ts'

export async function viewAsk(context: EngineContext, id: string): Promise<Ask | undefined> {
  const row = (await context.db.selectFrom('asks').selectAll().where('id', '=', id).executeTakeFirst()) as
    | AskTable
    | undefined
  if (!row) return undefined
  const workspace = await context.db
    .selectFrom('workspaces')
    .select('name')
    .where('id', '=', row.workspace_id)
    .executeTakeFirst()
  return toAsk(context, row, workspace?.name ?? row.workspace_id)
}

export async function listAsks(
  context: EngineContext,
  { workspaceId, sessionId, all }: ApiParams<'asks.list'>,
): Promise<Ask[]> {
  let query = context.db
    .selectFrom('asks')
    .innerJoin('workspaces', 'workspaces.id', 'asks.workspace_id')
    .selectAll('asks')
    .select('workspaces.name as workspace_name')
  if (workspaceId !== undefined) query = query.where('asks.workspace_id', '=', workspaceId)
  if (sessionId !== undefined) query = query.where('session_id', '=', sessionId)
  if (!all) query = query.where('asks.state', '=', 'open')
  const rows = await query.orderBy('asks.created_at').execute()
  return rows.map((row) => toAsk(context, row, row.workspace_name))
}

/**
 * Records an answer, together with what else must hold then. Two answers at once are one: the first that is recorded; the other
 * is told which it was. The same key counts as often as it is asked.
 */
export async function answerAsk(
  context: EngineContext,
  { key, askId, inputHash, answer, by }: ApiParams<'asks.answer'>,
  alongside?: (tx: Transaction<Store>) => Promise<void>,
): Promise<{ counted: boolean; ask: Ask; sessionId: string }> {
  const row = (await context.db.selectFrom('asks').selectAll().where('id', '=', askId).executeTakeFirst()) as
    | AskTable
    | undefined
  if (!row)
    throw new SkeinError('not_found', `there is no ask ${askId}`, { next: 'List the open ones with: skein asks' })
  checkAnswer(row, answer)
  if (inputHash !== undefined && inputHash !== row.input_hash) {
    throw new SkeinError('conflict', 'what the agent asks is not what was shown with this answer', {
      next: 'Look at the ask again.',
    })
  }
  const won = await context.db.transaction().execute(async (tx) => {
    const first = await tx
      .updateTable('asks')
      .set({
        state: 'answered',
        answer: keep(context, answer, `answer:${askId}`),
        answered_by: by ?? 'user',
        answered_at: context.clock.now(),
        answer_key: key,
      })
      .where('id', '=', askId)
      .where('state', '=', 'open')
      .returning('id')
      .executeTakeFirst()
    if (first) await alongside?.(tx)
    return first !== undefined
  })
  const ask = await viewAsk(context, askId)
  if (!ask) throw new SkeinError('not_found', `the ask ${askId} is gone`)
  const ours = won || row.answer_key === key
  if (!ours && ask.state !== 'answered') {
    throw new SkeinError('conflict', `the ask is ${ask.state}: the agent no longer waits for it`, {
      next: 'Look at the session with: skein show',
    })
  }
  context.changes.ask(askId)
  context.changes.workspace(row.workspace_id)
  return { counted: ours, ask, sessionId: row.session_id }
}

function toAsk(context: EngineContext, row: AskTable, workspaceName: string): Ask {
  const options = JSON.parse(row.options) as (Ask['options'][number] & { suggestion?: unknown })[]
  return {
    id: row.id,
    sessionId: row.session_id,
    workspaceId: row.workspace_id,
    workspaceName,
    kind: row.kind,
    title: row.title,
    ...(row.tool_name === null ? {} : { toolName: row.tool_name }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    input: JSON.parse(row.input) as unknown,
    inputHash: row.input_hash,
    options: options.map(({ optionId, name, kind }) => ({ optionId, name, kind })),
    ...(row.questions === null ? {} : { questions: JSON.parse(row.questions) as NonNullable<Ask['questions']> }),
    ...(row.plan === null ? {} : { plan: { id: row.plan_id ?? row.id, markdown: row.plan } }),
    defaultToNo: Number(row.default_to_no) === 1,
    state: row.state,
    createdAt: row.created_at,
    ...(row.answered_at === null ? {} : { answeredAt: row.answered_at }),
    ...(row.answer === null
      ? {}
      : { answer: context.redactor.redactValue(kept<unknown>(context, row.answer, `answer:${row.id}`)) }),
    ...(row.answered_by === null ? {} : { answeredBy: row.answered_by }),
  }
}
