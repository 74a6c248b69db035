import type { DatabaseSync } from 'node:sqlite'
import { type ApiParams, type ApiResult, SkeinError } from '@skein/protocol'
import type { Actors } from '../actors.ts'
import { answerAsk } from '../asks.ts'
import type { EngineContext } from '../context.ts'
import { uuidFrom } from '../identity.ts'
import { queuePrompt } from '../sessions/prompts.ts'
import type { CommentTable } from '../store/schema-web.ts'
import { wholeComment } from './comments.ts'
import { reviewText } from './review-text.ts'

/**
 * Sends comments as one batch. That they are sent is recorded in the transaction that records the answer, or the prompt: they go
 * together or not at all, and a repeated command finds both done.
 */
export async function sendReview(
  context: EngineContext,
  actors: Actors,
  params: ApiParams<'reviews.send'>,
): Promise<ApiResult<'reviews.send'>> {
  const { sessionId, askId, message, by, key } = params
  const comments = await commentsOf(context, params)
  const text = reviewText(
    comments.map((row) => wholeComment(context, row)),
    message,
  )
  if (text === '')
    throw new SkeinError('invalid', 'the review is empty', { next: 'Comment on a line, or write a message.' })
  const ids = comments.map(({ id }) => id)
  const at = context.clock.now()
  const actor = actors.session(sessionId)
  if (askId !== undefined) {
    await expectPlanOf(context, sessionId, askId)
    const { counted } = await answerAsk(
      context,
      { key, askId, answer: { type: 'request_changes', feedback: text }, ...(by === undefined ? {} : { by }) },
      async (tx) => {
        if (ids.length > 0)
          await tx.updateTable('comments').set({ state: 'open', sent_at: at }).where('id', 'in', ids).execute()
      },
    )
    tell(context, comments)
    actor.wake()
    return { counted }
  }
  const messageId = uuidFrom(sessionId, key)
  await queuePrompt(context, await actor.log(), messageId, [{ type: 'text', text }], 'user', (raw) =>
    markSent(raw, ids, at),
  )
  tell(context, comments)
  actor.wake()
  return { messageId }
}

async function commentsOf(
  context: EngineContext,
  { sessionId, commentIds }: ApiParams<'reviews.send'>,
): Promise<CommentTable[]> {
  const wanted = [...new Set(commentIds)]
  if (wanted.length === 0) return []
  const rows = await context.db
    .selectFrom('comments')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('id', 'in', wanted)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  const missing = wanted.find((id) => !rows.some((row) => row.id === id))
  if (missing !== undefined)
    throw new SkeinError('not_found', `the session ${sessionId} has no comment ${missing}`, {
      next: 'It may have been deleted meanwhile. Look at the comments again.',
    })
  return rows
}

async function expectPlanOf(context: EngineContext, sessionId: string, askId: string): Promise<void> {
  const ask = await context.db
    .selectFrom('asks')
    .select('kind')
    .where('id', '=', askId)
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  if (ask?.kind === 'plan') return
  throw new SkeinError('not_found', `the session ${sessionId} has no plan ${askId}`)
}

function markSent(raw: DatabaseSync, ids: readonly string[], at: number): void {
  const mark = raw.prepare(`update comments set state = 'open', sent_at = ? where id = ?`)
  for (const id of ids) mark.run(at, id)
}

function tell(context: EngineContext, comments: readonly CommentTable[]): void {
  for (const { workspace_id, session_id } of comments) context.changes.comments(workspace_id, session_id)
}
