import { type ApiParams, SkeinError, type Workspace } from '@skein/protocol'
import type { Parts } from '../api.ts'
import type { EngineContext } from '../context.ts'
import { shortId, uuidFrom } from '../identity.ts'
import { addSession, environmentOf, secretsOf } from '../sessions/create.ts'
import { liveSession } from '../sessions/find.ts'
import type { SessionOrigin, StoredOptions } from '../sessions/options.ts'
import { queuePrompt } from '../sessions/prompts.ts'
import { turnRef } from '../sessions/turn-trees.ts'
import { turnRow } from '../sessions/turns.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { recordWorkspace } from '../workspaces/create.ts'
import { viewWorkspace } from '../workspaces/view.ts'

/**
 * A workspace with the files of this moment and a session that goes on from what this one knows; or both as they were at the
 * end of a turn.
 */
export async function forkSession(parts: Parts, params: ApiParams<'sessions.fork'>): Promise<Workspace> {
  const { context, actors } = parts
  const session = await liveSession(context, params.sessionId)
  if (!session.has_conversation)
    throw new SkeinError('conflict', 'the session has no conversation yet, so there is nothing to fork', {
      next: 'Prompt it first, or make a new workspace: skein new',
    })
  const source = await context.db
    .selectFrom('workspaces')
    .selectAll()
    .where('id', '=', session.workspace_id)
    .executeTakeFirstOrThrow()
  const { fromRef, origin } = await (params.turnId === undefined
    ? asItIs(context, session, source, params.key)
    : asItWas(context, session, source, params.turnId))
  const workspace = await recordWorkspace(context, params.key, {
    projectId: source.project_id,
    name: params.name,
    base: source.base ?? source.base_ref,
    on: source.machine_id,
    fromRef,
  })
  const options = JSON.parse(session.options) as StoredOptions
  const secrets = secretsOf(context, session)
  const env = environmentOf(context, session)
  const sessionId = await addSession(
    context,
    workspace,
    `${params.key}:session`,
    { ...options, agent: session.agent, environment: { env, secrets } },
    origin,
  )
  if (params.prompt) {
    const actor = actors.session(sessionId)
    await queuePrompt(context, await actor.log(), uuidFrom(sessionId, params.key), params.prompt, 'user')
    actor.wake()
  }
  void actors.workspace(workspace.id)
  const view = await viewWorkspace(context, workspace.id)
  if (!view) throw new SkeinError('internal', 'the forked workspace is not there')
  return view
}

interface ForkPoint {
  fromRef: string
  origin: SessionOrigin
}

async function asItIs(
  context: EngineContext,
  session: SessionTable,
  source: WorkspaceTable,
  key: string,
): Promise<ForkPoint> {
  const runner = await context.machines.runner(source.machine_id)
  const fromRef = `refs/skein/fork/${shortId('f-', key)}`
  await runner.call('git.snapshot', { path: source.path, ref: fromRef, message: `Fork of ${source.name}` })
  return { fromRef, origin: { how: 'fork', from: session.native_id } }
}

async function asItWas(
  context: EngineContext,
  session: SessionTable,
  source: WorkspaceTable,
  turnId: string,
): Promise<ForkPoint> {
  const turn = await turnRow(context, session.id, turnId)
  const doing = `forking from turn ${turn.number}`
  if (turn.ended_at === null)
    throw new SkeinError('conflict', `${doing}: it has not ended yet`, { next: 'Wait for its end, or interrupt it.' })
  if (turn.to_tree === null || turn.fork_at === null)
    throw new SkeinError(
      'conflict',
      turn.to_tree === null
        ? `${doing}: what the files were at its end was not kept`
        : `${doing}: where the conversation stood at its end is not known`,
      { next: 'Fork from another turn, or from how things are now.' },
    )
  return {
    fromRef: turnRef(source.id, session.id, turn.number, 'to'),
    origin: { how: 'fork', from: session.native_id, at: turn.fork_at },
  }
}
