import type { ApiParams, ContentBlock, Envelope, Session } from '@skein/protocol'
import type { CallHandlers, Parts } from '../api.ts'
import { uuidFrom } from '../identity.ts'
import { addSession, renewEnvironment } from '../sessions/create.ts'
import { withParent } from '../sessions/delegation.ts'
import { liveSession, sessionRow } from '../sessions/find.ts'
import type { OptionsChange } from '../sessions/options.ts'
import { queuePrompt } from '../sessions/prompts.ts'
import { editPrompt, listQueue, orderPrompts } from '../sessions/queue.ts'
import { listTurns } from '../sessions/turns.ts'
import { viewSession } from '../sessions/view.ts'
import { findWorkspace } from '../workspaces/view.ts'
import { forkSession } from './fork.ts'

type Methods =
  | 'sessions.queue'
  | 'sessions.editPrompt'
  | 'sessions.orderPrompts'
  | 'sessions.update'
  | 'sessions.see'
  | 'turns.list'
  | 'sessions.create'
  | 'sessions.get'
  | 'sessions.configure'
  | 'sessions.prompt'
  | 'sessions.cancelPrompt'
  | 'sessions.interrupt'
  | 'sessions.hibernate'
  | 'sessions.fork'
  | 'sessions.events'

export function sessionHandlers(parts: Parts): Pick<CallHandlers, Methods> {
  const { context, actors, commands } = parts

  const row = (id: string) => sessionRow(context, id)
  const live = (id: string) => liveSession(context, id)
  const view = async (id: string): Promise<Session> => viewSession(context, await row(id))

  async function prompt(sessionId: string, messageId: string, content: ContentBlock[]): Promise<void> {
    const actor = actors.session(sessionId)
    await queuePrompt(context, await actor.log(), messageId, content, 'user')
    actor.wake()
  }

  return {
    'sessions.get': ({ sessionId }) => view(sessionId),
    'sessions.create': (params) =>
      commands.once('sessions.create', params, async () => {
        const workspace = await findWorkspace(context, params.workspaceId)
        const options = (await withParent(context, params.options, workspace.machine_id)) ?? {}
        return view(await addSession(context, workspace, params.key, options, { how: 'new' }))
      }),
    'sessions.prompt': (params) =>
      commands.once('sessions.prompt', params, async () => {
        const session = await live(params.sessionId)
        await renewEnvironment(context, session.id, params.environment)
        const messageId = uuidFrom(session.id, params.key)
        await prompt(session.id, messageId, params.content)
        return { messageId }
      }),
    'sessions.cancelPrompt': (params) =>
      commands.once('sessions.cancelPrompt', params, async () => {
        const gone = await context.db
          .updateTable('prompts')
          .set({ state: 'cancelled' })
          .where('id', '=', params.messageId)
          .where('session_id', '=', params.sessionId)
          .where('state', '=', 'queued')
          .where('epoch', 'is', null)
          .returning('id')
          .executeTakeFirst()
        if (gone) await tellCancelled(parts, params.sessionId, [gone.id])
        return { cancelled: gone !== undefined }
      }),
    'sessions.queue': async ({ sessionId }) => listQueue(context, (await row(sessionId)).id),
    'sessions.editPrompt': (params) =>
      commands.once('sessions.editPrompt', params, async () => {
        const log = await actors.session((await live(params.sessionId)).id).log()
        return { edited: await editPrompt(context, log, params.messageId, params.content) }
      }),
    'sessions.orderPrompts': (params) =>
      commands.once('sessions.orderPrompts', params, async () => {
        await orderPrompts(context, (await live(params.sessionId)).id, params.messageIds)
        return listQueue(context, params.sessionId)
      }),
    'sessions.update': (params) =>
      commands.once('sessions.update', params, async () => {
        const session = await row(params.sessionId)
        await context.db.updateTable('sessions').set({ title: params.title }).where('id', '=', session.id).execute()
        context.changes.workspace(session.workspace_id)
        return view(session.id)
      }),
    // Only ever forward, so the same by nature; called too often to be written down each time.
    'sessions.see': async ({ sessionId, seq }) => {
      const session = await row(sessionId)
      const upTo = Math.min(seq, session.seq)
      const { numUpdatedRows } = await context.db
        .updateTable('sessions')
        .set({ seen_seq: upTo })
        .where('id', '=', session.id)
        .where('seen_seq', '<', upTo)
        .executeTakeFirst()
      if (numUpdatedRows > 0n) context.changes.workspace(session.workspace_id)
      return {}
    },
    'turns.list': async ({ sessionId }) => listTurns(context, (await row(sessionId)).id),
    'sessions.interrupt': (params) =>
      commands.once('sessions.interrupt', params, async () => {
        const session = await live(params.sessionId)
        if (params.cancelQueued) {
          const gone = await context.db
            .updateTable('prompts')
            .set({ state: 'cancelled' })
            .where('session_id', '=', session.id)
            .where('state', '=', 'queued')
            .where('epoch', 'is', null)
            .returning('id')
            .execute()
          await tellCancelled(
            parts,
            session.id,
            gone.map(({ id }) => id),
          )
        }
        const actor = actors.session(session.id)
        const busy =
          (await actor.log()).fold.turn !== null ||
          (await context.db
            .selectFrom('prompts')
            .select('id')
            .where('session_id', '=', session.id)
            .where('state', '=', 'sent')
            .executeTakeFirst()) !== undefined
        if (!busy) return { interrupted: false }
        await context.db
          .updateTable('sessions')
          .set({ interrupt_at: context.clock.now() })
          .where('id', '=', session.id)
          .execute()
        actor.wake()
        return { interrupted: true }
      }),
    'sessions.configure': (params) =>
      commands.once('sessions.configure', params, async () => {
        await renewEnvironment(context, params.sessionId, params.environment)
        await actors.session((await live(params.sessionId)).id).configure(optionsOf(params))
        return view(params.sessionId)
      }),
    'sessions.hibernate': async ({ sessionId }) => {
      await actors.session((await row(sessionId)).id).hibernate()
      return view(sessionId)
    },
    'sessions.fork': (params) => commands.once('sessions.fork', params, () => forkSession(parts, params)),
    'sessions.events': async ({ sessionId, after = 0, limit = 1000, newest = false }) => {
      const { seq } = await row(sessionId)
      const rows = await context.db
        .selectFrom('events')
        .select('envelope')
        .where('session_id', '=', sessionId)
        .where('seq', '>', newest ? Math.max(after, seq - limit) : after)
        .orderBy('seq')
        .limit(limit)
        .execute()
      return { events: rows.map(({ envelope }) => JSON.parse(envelope) as Envelope), last: seq }
    },
  }
}

function optionsOf({ model, effort, permissionMode, maxCost }: ApiParams<'sessions.configure'>): OptionsChange {
  return {
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(permissionMode === undefined ? {} : { permissionMode }),
    ...(maxCost === undefined ? {} : { maxCost }),
  }
}

async function tellCancelled({ context, actors }: Parts, sessionId: string, messageIds: string[]): Promise<void> {
  if (messageIds.length === 0) return
  const at = context.clock.now()
  const log = await actors.session(sessionId).log()
  await log.append((fold) => ({
    fold,
    entries: messageIds.map((messageId) => ({
      placed: { event: { type: 'user_message_update', messageId, state: 'cancelled' } },
      at,
    })),
  }))
}
