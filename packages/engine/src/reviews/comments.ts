import { type ApiParams, type Comment, type CommentPlace, type CommentReply, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { keep, kept } from '../sealed.ts'
import type { CommentTable } from '../store/schema-web.ts'

const NOBODY = 'user'

/** What people wrote, and what they wrote about. */
interface CommentContent {
  quote: string
  body: string
  replies: CommentReply[]
}

/** A comment as it was written, secrets included: for the agent, never to be shown. */
export function wholeComment(context: EngineContext, row: CommentTable): Comment {
  const { quote, body, replies } = kept<CommentContent>(context, row.content, `comment:${row.id}`)
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    sessionId: row.session_id,
    place: JSON.parse(row.place) as CommentPlace,
    quote,
    body,
    by: row.author,
    state: row.state,
    createdAt: row.created_at,
    ...(row.sent_at === null ? {} : { sentAt: row.sent_at }),
    replies,
  }
}

function viewComment(context: EngineContext, row: CommentTable): Comment {
  return context.redactor.redactValue(wholeComment(context, row))
}

export async function listComments(
  context: EngineContext,
  { workspaceId, sessionId }: ApiParams<'comments.list'>,
): Promise<Comment[]> {
  let query = context.db.selectFrom('comments').selectAll().where('workspace_id', '=', workspaceId)
  if (sessionId !== undefined) query = query.where('session_id', '=', sessionId)
  const rows = await query.orderBy('created_at').orderBy('id').execute()
  return rows.map((row) => viewComment(context, row))
}

/** A comment as a draft. The same key is the same comment. */
export async function addComment(context: EngineContext, params: ApiParams<'comments.add'>): Promise<Comment> {
  const { place, quote, body, by = NOBODY } = params
  const session = await context.db
    .selectFrom('sessions')
    .select(['id', 'workspace_id'])
    .where('id', '=', params.sessionId)
    .executeTakeFirst()
  if (!session) throw new SkeinError('not_found', `there is no session ${params.sessionId}`)
  if (place.endLine < place.startLine)
    throw new SkeinError(
      'invalid',
      `a comment on lines ${place.startLine} to ${place.endLine}: the end is before the start`,
    )
  if (place.kind === 'plan') await expectPlan(context, session.id, place.askId)
  const id = shortId('c-', params.key)
  const content: CommentContent = { quote, body, replies: [] }
  await context.db
    .insertInto('comments')
    .values({
      id,
      workspace_id: session.workspace_id,
      session_id: session.id,
      place: JSON.stringify(place),
      content: keep(context, content, `comment:${id}`),
      author: by,
      state: 'draft',
      created_at: context.clock.now(),
      sent_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return told(context, await commentRow(context, id))
}

async function expectPlan(context: EngineContext, sessionId: string, askId: string): Promise<void> {
  const ask = await context.db
    .selectFrom('asks')
    .select('id')
    .where('id', '=', askId)
    .where('session_id', '=', sessionId)
    .where('kind', '=', 'plan')
    .executeTakeFirst()
  if (!ask) throw new SkeinError('not_found', `the session ${sessionId} has no plan ${askId}`)
}

/** What was sent stays as the agent got it; only a draft can have another text. */
export async function editComment(context: EngineContext, commentId: string, body: string): Promise<Comment> {
  const row = await commentRow(context, commentId)
  if (row.state !== 'draft')
    throw new SkeinError('conflict', 'the comment was sent already', { next: 'Reply to it, and send it again.' })
  return change(context, row, (content) => ({ ...content, body }))
}

/** The same key is the same reply. */
export async function replyToComment(context: EngineContext, params: ApiParams<'comments.reply'>): Promise<Comment> {
  const { commentId, key, body, by = NOBODY } = params
  const id = shortId('r-', key)
  return change(context, await commentRow(context, commentId), (content) =>
    content.replies.some((reply) => reply.id === id)
      ? content
      : { ...content, replies: [...content.replies, { id, body, by, at: context.clock.now() }] },
  )
}

export async function markComment(context: EngineContext, commentId: string, state: 'open' | 'met'): Promise<Comment> {
  const row = await commentRow(context, commentId)
  if (row.state === 'draft')
    throw new SkeinError('conflict', 'the comment was not sent yet, so nobody can have met it', {
      next: 'Send it, or delete it.',
    })
  await context.db.updateTable('comments').set({ state }).where('id', '=', commentId).execute()
  return told(context, { ...row, state })
}

/** One that has gone already is no error. */
export async function deleteComment(context: EngineContext, commentId: string): Promise<void> {
  const row = await context.db
    .deleteFrom('comments')
    .where('id', '=', commentId)
    .returning(['workspace_id', 'session_id'])
    .executeTakeFirst()
  if (row) context.changes.comments(row.workspace_id, row.session_id)
}

async function commentRow(context: EngineContext, id: string): Promise<CommentTable> {
  const row = await context.db.selectFrom('comments').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new SkeinError('not_found', `there is no comment ${id}`)
  return row
}

async function change(
  context: EngineContext,
  row: CommentTable,
  to: (content: CommentContent) => CommentContent,
): Promise<Comment> {
  const content = keep(
    context,
    to(kept<CommentContent>(context, row.content, `comment:${row.id}`)),
    `comment:${row.id}`,
  )
  await context.db.updateTable('comments').set({ content }).where('id', '=', row.id).execute()
  return told(context, { ...row, content })
}

function told(context: EngineContext, row: CommentTable): Comment {
  context.changes.comments(row.workspace_id, row.session_id)
  return viewComment(context, row)
}
