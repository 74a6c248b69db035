import type { ContentBlock, Origin, QueuedPrompt } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { keep, kept } from '../sealed.ts'
import type { PromptTable } from '../store/schema.ts'
import { withSecrets } from './edited-secrets.ts'
import { withoutBytes } from './images.ts'
import type { SessionLog } from './log.ts'
import { checkedContent } from './prompts.ts'

/**
 * The prompts of a session that wait, in order. `epoch is null` says that a prompt was never handed to an agent: from the moment
 * that it is being handed over, nobody can change or withdraw it any more.
 */
export async function listQueue(context: EngineContext, sessionId: string): Promise<QueuedPrompt[]> {
  const rows = await context.db
    .selectFrom('prompts')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('state', '=', 'queued')
    .orderBy('position')
    .execute()
  return rows.map((row) => ({
    messageId: row.id,
    content: shownContent(context, row),
    origin: row.origin as Origin,
    createdAt: row.created_at,
  }))
}

/** A prompt's content as it may be shown. */
export function shownContent(context: EngineContext, prompt: Pick<PromptTable, 'id' | 'content'>): ContentBlock[] {
  return context.redactor.redactValue(kept<ContentBlock[]>(context, prompt.content, `prompt:${prompt.id}`))
}

class NotWaiting extends Error {}

/** Another content for a prompt that waits; the transcript gets its message anew. Answers whether it still waited. */
export async function editPrompt(
  context: EngineContext,
  log: SessionLog,
  messageId: string,
  content: readonly ContentBlock[],
): Promise<boolean> {
  const prompt = await context.db
    .selectFrom('prompts')
    .select(['origin', 'content'])
    .where('id', '=', messageId)
    .where('session_id', '=', log.id)
    .executeTakeFirst()
  if (!prompt) return false
  const before = kept<ContentBlock[]>(context, prompt.content, `prompt:${messageId}`)
  const edited = withSecrets(context.redactor, before, checkedContent(content))
  const stored = await withoutBytes(context.blobs, edited)
  const at = context.clock.now()
  try {
    await log.append(
      (fold) => ({
        fold,
        entries: [
          {
            placed: {
              event: {
                type: 'user_message',
                messageId,
                content: stored,
                state: 'queued',
                origin: prompt.origin as Origin,
              },
            },
            at,
          },
        ],
      }),
      (raw) => {
        const { changes } = raw
          .prepare(
            `update prompts set content = ? where id = ? and session_id = ? and state = 'queued' and epoch is null`,
          )
          .run(keep(context, stored, `prompt:${messageId}`), messageId, log.id)
        if (Number(changes) === 0) throw new NotWaiting()
      },
    )
  } catch (error) {
    if (error instanceof NotWaiting) return false
    throw error
  }
  return true
}

/** Puts the named prompts first, in this order; the others follow in theirs. */
export async function orderPrompts(
  context: EngineContext,
  sessionId: string,
  messageIds: readonly string[],
): Promise<void> {
  await context.db.transaction().execute(async (tx) => {
    const waiting = await tx
      .selectFrom('prompts')
      .select(['id', 'position'])
      .where('session_id', '=', sessionId)
      .where('state', '=', 'queued')
      .where('epoch', 'is', null)
      .orderBy('position')
      .execute()
    const named = [...new Set(messageIds)].filter((id) => waiting.some((prompt) => prompt.id === id))
    const order = [...named, ...waiting.map(({ id }) => id).filter((id) => !named.includes(id))]
    for (const [index, { position }] of waiting.entries()) {
      const id = order[index]
      if (id === undefined || waiting[index]?.id === id) continue
      await tx.updateTable('prompts').set({ position }).where('id', '=', id).execute()
    }
  })
  context.changes.queue(sessionId)
}
