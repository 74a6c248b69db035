import type { DatabaseSync } from 'node:sqlite'
import type { AgentEventOf, ContentBlock, Origin } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { keep, kept } from '../sealed.ts'
import { prepared } from '../store/prepared.ts'
import type { PromptTable } from '../store/schema.ts'
import { withBytes, withoutBytes } from './images.ts'
import type { SessionLog } from './log.ts'

const MAX_IMAGE = 32 * 1024 * 1024

/**
 * Puts a prompt into the session's durable queue and its message into the transcript, together with what else must hold then.
 * Repeating it does nothing.
 */
export async function queuePrompt(
  context: EngineContext,
  log: SessionLog,
  messageId: string,
  content: readonly ContentBlock[],
  origin: Origin,
  alongside?: (raw: DatabaseSync) => void,
): Promise<void> {
  const stored = await withoutBytes(context.blobs, checkedContent(content))
  const known = await context.db.selectFrom('prompts').select('id').where('id', '=', messageId).executeTakeFirst()
  if (known) return
  const event: AgentEventOf<'user_message'> = {
    type: 'user_message',
    messageId,
    content: stored,
    state: 'queued',
    origin,
  }
  const now = context.clock.now()
  await log.append(
    (fold) => ({
      fold,
      entries: [{ placed: { event }, at: now }],
      update: { problem: null, active_at: now, ...(origin === 'user' ? { recoveries: 0 } : {}) },
    }),
    (raw) => {
      insertPrompt(raw, context, log.id, event)
      alongside?.(raw)
    },
  )
}

/** Puts a message into the queue, in the transaction that puts it into the transcript. */
export function insertPrompt(
  raw: DatabaseSync,
  context: EngineContext,
  sessionId: string,
  message: AgentEventOf<'user_message'>,
): void {
  prepared(
    raw,
    `insert or ignore into prompts (id, session_id, position, content, origin, state, created_at)
     values (?, ?, (select coalesce(max(position), 0) + 1 from prompts where session_id = ?), ?, ?, 'queued', ?)`,
  ).run(
    message.messageId,
    sessionId,
    sessionId,
    keep(context, message.content, `prompt:${message.messageId}`),
    message.origin,
    context.clock.now(),
  )
}

/** The prompt's content as the agent takes it. */
export function contentOf(context: EngineContext, prompt: PromptTable): Promise<ContentBlock[]> {
  return withBytes(context.blobs, kept<ContentBlock[]>(context, prompt.content, `prompt:${prompt.id}`))
}

/** Refuses what no agent could take. */
export function checkedContent(content: readonly ContentBlock[]): readonly ContentBlock[] {
  const empty = content.every((block) => block.type === 'text' && block.text.trim() === '')
  if (empty) throw new SkeinError('invalid', 'the prompt is empty', { next: 'Say what the agent should do.' })
  for (const block of content) {
    if (block.type === 'text' && block.text.includes('\0'))
      throw new SkeinError('invalid', 'the prompt holds a NUL byte', { next: 'Give it as text.' })
    if (block.type === 'image' && (block.data?.length ?? 0) > (MAX_IMAGE * 4) / 3)
      throw new SkeinError('invalid', 'an image is larger than 32 MiB', { next: 'Make it smaller.' })
  }
  return content
}
