import { type ApiParams, type ContentBlock, type Envelope, type Session, SkeinError } from '@skein/protocol'
import type { CallHandlers, Parts } from '../api.ts'
import { shortId, uuidFrom } from '../identity.ts'
import { addSession, environmentOf, renewEnvironment } from '../sessions/create.ts'
import type { StoredOptions } from '../sessions/options.ts'
import { queuePrompt } from '../sessions/prompts.ts'
import { viewSession } from '../sessions/view.ts'
import type { SessionTable } from '../store/schema.ts'
import { recordWorkspace } from '../workspaces/create.ts'
import { findWorkspace, viewWorkspace } from '../workspaces/view.ts'

type Methods =
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

  async function row(id: string): Promise<SessionTable> {
    const found = await context.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
    if (!found) throw new SkeinError('not_found', `there is no session ${id}`)
    return found
  }
  const view = async (id: string): Promise<Session> => viewSession(context, await row(id))

  async function live(id: string): Promise<SessionTable> {
    const session = await row(id)
    const workspace = await context.db
      .selectFrom('workspaces')
      .select(['name', 'state'])
      .where('id', '=', session.workspace_id)
      .executeTakeFirstOrThrow()
    if (workspace.state === 'removed' || workspace.state === 'removing') {
      throw new SkeinError('conflict', `the workspace ${workspace.name} is ${workspace.state}`, {
        next: `Bring it back with: skein restore ${workspace.name}`,
      })
    }
    if (workspace.state === 'failed')
      throw new SkeinError('conflict', `the workspace ${workspace.name} could not be made`, {
        next: `Look at why: skein show ${workspace.name}`,
      })
    return session
  }

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
        return view(await addSession(context, workspace, params.key, params.options ?? {}, { how: 'new' }))
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
          .returning('id')
          .executeTakeFirst()
        if (gone) await tellCancelled(parts, params.sessionId, [gone.id])
        return { cancelled: gone !== undefined }
      }),
    'sessions.interrupt': (params) =>
      commands.once('sessions.interrupt', params, async () => {
        const session = await live(params.sessionId)
        if (params.cancelQueued) {
          const gone = await context.db
            .updateTable('prompts')
            .set({ state: 'cancelled' })
            .where('session_id', '=', session.id)
            .where('state', '=', 'queued')
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
    'sessions.fork': (params) => commands.once('sessions.fork', params, () => fork(parts, params, live, prompt)),
    'sessions.events': async ({ sessionId, after = 0, limit = 1000 }) => {
      const { seq } = await row(sessionId)
      const rows = await context.db
        .selectFrom('events')
        .select('envelope')
        .where('session_id', '=', sessionId)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit)
        .execute()
      return { events: rows.map(({ envelope }) => JSON.parse(envelope) as Envelope), last: seq }
    },
  }
}

function optionsOf({
  model,
  effort,
  permissionMode,
  maxCost,
}: ApiParams<'sessions.configure'>): Partial<StoredOptions> {
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

/** A workspace with the files of this moment, and a session that goes on from what this one knows. */
async function fork(
  parts: Parts,
  params: ApiParams<'sessions.fork'>,
  live: (id: string) => Promise<SessionTable>,
  prompt: (sessionId: string, messageId: string, content: ContentBlock[]) => Promise<void>,
) {
  const { context, actors } = parts
  const session = await live(params.sessionId)
  if (!session.has_conversation)
    throw new SkeinError('conflict', 'the session has no conversation yet, so there is nothing to fork', {
      next: 'Prompt it first, or make a new workspace: skein new',
    })
  const source = await context.db
    .selectFrom('workspaces')
    .selectAll()
    .where('id', '=', session.workspace_id)
    .executeTakeFirstOrThrow()
  const runner = await context.machines.runner(source.machine_id)
  const ref = `refs/skein/fork/${shortId('f-', params.key)}`
  await runner.call('git.snapshot', { path: source.path, ref, message: `Fork of ${source.name}` })
  const workspace = await recordWorkspace(context, params.key, {
    projectId: source.project_id,
    name: params.name,
    base: source.base ?? source.base_ref,
    on: source.machine_id,
    fromRef: ref,
  })
  const options = JSON.parse(session.options) as StoredOptions
  const secrets =
    session.secrets_sealed === null
      ? undefined
      : (JSON.parse(context.vault.open(session.secrets_sealed, `secrets:${session.id}`)) as Record<string, string>)
  const environment = { env: environmentOf(context, session), ...(secrets ? { secrets } : {}) }
  const sessionId = await addSession(
    context,
    workspace,
    `${params.key}:session`,
    { ...options, agent: session.agent, environment },
    { how: 'fork', from: session.native_id },
  )
  if (params.prompt) await prompt(sessionId, uuidFrom(sessionId, params.key), params.prompt)
  void actors.workspace(workspace.id)
  const view = await viewWorkspace(context, workspace.id)
  if (!view) throw new SkeinError('internal', 'the forked workspace is not there')
  return view
}
