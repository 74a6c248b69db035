import { type ApiParams, type Change, SkeinError, type StepName } from '@skein/protocol'
import type { Parts, SubscriptionHandlersOf } from '../api.ts'
import { listAsks } from '../asks.ts'
import { AsyncQueue } from '../async-queue.ts'
import type { EngineContext } from '../context.ts'
import { listMachines } from '../machines/view.ts'
import { listProjects } from '../projects/projects.ts'
import { listQueue } from '../sessions/queue.ts'
import { setupProcessId } from '../workspaces/setup.ts'
import { findWorkspace, viewWorkspace } from '../workspaces/view.ts'
import { workSubscriptions } from './work.ts'

export function subscriptionHandlers(parts: Parts): SubscriptionHandlersOf {
  const { context } = parts
  return {
    ...workSubscriptions(parts),
    'sessions.follow': ({ sessionId, after }, signal) => followSession(context, sessionId, after ?? 0, signal),
    changes: (params, signal) => changes(context, params, signal),
    'workspaces.log': ({ workspaceId }, signal) => setupLog(context, workspaceId, signal),
  }
}

async function* followSession(context: EngineContext, sessionId: string, after: number, signal: AbortSignal) {
  const known = await context.db.selectFrom('sessions').select('id').where('id', '=', sessionId).executeTakeFirst()
  if (!known) throw new SkeinError('not_found', `there is no session ${sessionId}`)
  yield* context.feeds.follow(sessionId, after, signal)
}

/** How everything is now, then each change. A reader that fell behind is given everything again. */
async function* changes(
  context: EngineContext,
  { workspaceId }: ApiParams<'changes'>,
  signal: AbortSignal,
): AsyncGenerator<Change> {
  const queue = context.changes.open(signal)
  try {
    yield* everything(context, workspaceId)
    yield { type: 'ready' }
    for (let taken = await queue.take(); taken; taken = await queue.take()) {
      if (taken.lagged) yield* everything(context, workspaceId)
      for (const change of taken.items)
        if (workspaceId === undefined || (await concerns(context, change, workspaceId))) yield change
    }
  } finally {
    context.changes.close(queue)
  }
}

async function* everything(context: EngineContext, workspaceId: string | undefined): AsyncGenerator<Change> {
  const rows = await context.db.selectFrom('workspaces').select('id').where('state', '<>', 'removed').execute()
  for (const { id } of rows) {
    if (workspaceId !== undefined && id !== workspaceId) continue
    const workspace = await viewWorkspace(context, id)
    if (workspace) yield { type: 'workspace', workspace }
  }
  for (const ask of await listAsks(context, { workspaceId })) yield { type: 'ask', ask }
  if (workspaceId === undefined) {
    for (const project of await listProjects(context)) yield { type: 'project', project }
    for (const machine of await listMachines(context)) yield { type: 'machine', machine }
  }
  const ofWorkspace = (id: string) => workspaceId === undefined || id === workspaceId
  const waiting = await context.db
    .selectFrom('prompts')
    .innerJoin('sessions', 'sessions.id', 'prompts.session_id')
    .select(['prompts.session_id', 'sessions.workspace_id'])
    .distinct()
    .where('prompts.state', '=', 'queued')
    .execute()
  for (const { session_id: sessionId, workspace_id } of waiting)
    if (ofWorkspace(workspace_id)) yield { type: 'queue', sessionId, prompts: await listQueue(context, sessionId) }
  const commented = await context.db.selectFrom('comments').select(['workspace_id', 'session_id']).distinct().execute()
  for (const { session_id: sessionId, workspace_id } of commented)
    if (ofWorkspace(workspace_id)) yield { type: 'comments', workspaceId: workspace_id, sessionId }
  yield* context.work.everything(workspaceId)
}

async function concerns(context: EngineContext, change: Change, workspaceId: string): Promise<boolean> {
  switch (change.type) {
    case 'workspace':
      return change.workspace.id === workspaceId
    case 'workspace_gone':
    case 'comments':
    case 'terminal_gone':
    case 'share_gone':
      return change.workspaceId === workspaceId
    case 'share':
      return change.share.workspaceId === workspaceId
    case 'ask':
      return change.ask.workspaceId === workspaceId
    case 'check':
      return change.check.workspaceId === workspaceId
    case 'service':
      return change.service.workspaceId === workspaceId
    case 'terminal':
      return change.terminal.workspaceId === workspaceId
    case 'queue': {
      const session = await context.db
        .selectFrom('sessions')
        .select('workspace_id')
        .where('id', '=', change.sessionId)
        .executeTakeFirst()
      return session?.workspace_id === workspaceId
    }
    case 'machine':
    case 'machine_gone':
    case 'project':
    case 'project_gone':
    case 'progress':
      return false
    case 'notice':
    case 'ready':
      return true
  }
}

/** The setup script's output, from its beginning to its end. */
async function* setupLog(
  context: EngineContext,
  workspaceId: string,
  signal: AbortSignal,
): AsyncGenerator<{ step: StepName; text: string }> {
  const workspace = await findWorkspace(context, workspaceId)
  const id = setupProcessId(workspace.id)
  const stop = new AbortController()
  const watch = context.changes.open(AbortSignal.any([signal, stop.signal]))
  try {
    let read = 0
    const told = new TextDecoder()
    for (;;) {
      // Before the log is read, so that nothing is told after it was.
      const now = await viewWorkspace(context, workspace.id)
      for await (const part of context.machineLog.read(workspace.id, read)) {
        read += part.length
        yield { step: 'machine', text: told.decode(part, { stream: true }) }
      }
      if (signal.aborted) return
      const made = now?.steps.find(({ name }) => name === 'machine')?.state
      if (made === 'done') {
        const runner = await context.machines.runner(workspace.machine_id)
        if (await runner.call('process.status', { id })) break
      }
      if (now?.state !== 'creating') return
      if (!(await watch.take())) return
    }
    const runner = await context.machines.runner(workspace.machine_id)
    await using parts = new AsyncQueue<string>(10_000)
    signal.addEventListener('abort', () => parts.close(), { once: true })
    const subscription = await runner.subscribe(
      { id, from: 'start' },
      { data: ({ text }) => void parts.push(text), gap: () => undefined, exit: () => parts.close() },
    )
    for (let taken = await parts.take(); taken; taken = await parts.take()) {
      for (const text of taken.items) yield { step: 'setup', text: context.redactor.redactText(text) }
    }
    await subscription.unsubscribe().catch(() => undefined)
  } finally {
    stop.abort()
    context.changes.close(watch)
  }
}
