import { type Change, SkeinError } from '@skein/protocol'
import type { CallHandlers, Parts, SubscriptionHandlersOf } from '../api.ts'
import { runIdFor } from '../checks/checks.ts'
import { viewChecks } from '../checks/view.ts'
import type { EngineContext } from '../context.ts'
import { listPorts } from '../ports/list-ports.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { findWorkspace } from '../workspaces/view.ts'

type Methods = Extract<keyof CallHandlers, `${'checks' | 'services' | 'ports' | 'previews' | 'terminals'}.${string}`>
type Subscriptions = Extract<keyof SubscriptionHandlersOf, `${'checks' | 'services' | 'terminals'}.${string}`>

const RUNS = 50

/** Everything of `api-work.ts`. */
export function workHandlers({ context, commands }: Parts): Pick<CallHandlers, Methods> {
  /** A workspace in which something can be started. */
  const ready = async (id: string): Promise<WorkspaceTable> => {
    const workspace = await findWorkspace(context, id)
    if (workspace.state === 'ready') return workspace
    throw new SkeinError('conflict', `the workspace ${workspace.name} is ${NOT_READY[workspace.state]}`, {
      next: workspace.state === 'creating' ? 'Try again in a moment.' : `Look at it with: skein show ${workspace.name}`,
    })
  }
  /** Its id, with what it can run read again if that is possible. */
  const refreshed = async (id: string): Promise<string> => {
    const workspace = await findWorkspace(context, id)
    try {
      await context.work.refresh(workspace)
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code !== 'unavailable') throw error
    }
    return workspace.id
  }

  return {
    'checks.list': async ({ workspaceId }) => viewChecks(context, { workspaceId: await refreshed(workspaceId) }),
    'checks.runs': async ({ workspaceId, name, limit = RUNS }) =>
      context.work.checks.runs((await findWorkspace(context, workspaceId)).id, name, limit),
    'checks.run': (params) =>
      commands.once('checks.run', params, async () =>
        context.work.checks.run(await ready(params.workspaceId), params.names, { cause: 'person' }, (name) =>
          runIdFor(params.key, name),
        ),
      ),
    'checks.cancel': (params) => commands.once('checks.cancel', params, () => context.work.checks.cancel(params.runId)),
    'checks.fix': (params) =>
      commands.once('checks.fix', params, () => context.work.fixes.send(params.runId, params.sessionId)),
    'checks.configure': (params) =>
      commands.once('checks.configure', params, async () => {
        const check = await context.work.checks.configure(await refreshed(params.workspaceId), params.name, params)
        context.work.fixes.consider(check.workspaceId)
        return check
      }),

    'services.list': async ({ workspaceId }) => context.work.services.list(await refreshed(workspaceId)),
    'services.start': (params) =>
      commands.once('services.start', params, async () =>
        context.work.services.start(await ready(params.workspaceId), params.name),
      ),
    'services.stop': (params) =>
      commands.once('services.stop', params, async () =>
        context.work.services.stop(await findWorkspace(context, params.workspaceId), params.name),
      ),
    'services.restart': (params) =>
      commands.once('services.restart', params, async () =>
        context.work.services.restart(await ready(params.workspaceId), params.name),
      ),
    'ports.list': async ({ workspaceId }) => listPorts(context, await findWorkspace(context, workspaceId)),
    'previews.open': async () => {
      throw new SkeinError('unavailable', 'previews need the server', { next: 'Start it with: skein up' })
    },

    'terminals.list': async ({ workspaceId }) =>
      context.work.terminals.list((await findWorkspace(context, workspaceId)).id),
    'terminals.open': (params) =>
      commands.once('terminals.open', params, async () =>
        context.work.terminals.open(await ready(params.workspaceId), params.key, params),
      ),
    // Not through `commands`: a write of the store for each key that is typed would be slow, and would keep what was typed.
    'terminals.input': async ({ terminalId, key, data }) => {
      await context.work.terminals.input(terminalId, key, data)
      return {}
    },
    'terminals.resize': async ({ terminalId, key, cols, rows }) => {
      await context.work.terminals.resize(terminalId, key, cols, rows)
      return {}
    },
    'terminals.rename': (params) =>
      commands.once('terminals.rename', params, () => context.work.terminals.rename(params.terminalId, params.title)),
    'terminals.close': (params) =>
      commands.once('terminals.close', params, async () => {
        await context.work.terminals.close(params.terminalId)
        return {}
      }),
  }
}

/** All checks, services and terminals as they are now. */
export function workChanges(context: EngineContext, workspaceId: string | undefined): AsyncGenerator<Change> {
  return context.work.everything(workspaceId)
}

const NOT_READY: Record<Exclude<WorkspaceTable['state'], 'ready'>, string> = {
  creating: 'still being made',
  failed: 'not usable: it could not be made',
  removing: 'being removed',
  removed: 'removed',
}

export function workSubscriptions({ context }: Parts): Pick<SubscriptionHandlersOf, Subscriptions> {
  return {
    'checks.log': ({ runId }, signal) => context.work.checks.log(runId, signal),
    'services.log': ({ workspaceId, name }, signal) => serviceLog(workspaceId, name, signal),
    'terminals.follow': ({ terminalId }, signal) => context.work.terminals.follow(terminalId, signal),
  }

  async function* serviceLog(workspaceId: string, name: string, signal: AbortSignal) {
    yield* context.work.services.log(await findWorkspace(context, workspaceId), name, signal)
  }
}
