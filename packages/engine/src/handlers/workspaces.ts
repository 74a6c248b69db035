import { SkeinError, type Workspace } from '@skein/protocol'
import type { CallHandlers, Parts } from '../api.ts'
import { uuidFrom } from '../identity.ts'
import { projectRow } from '../projects/projects.ts'
import { queuePrompt } from '../sessions/prompts.ts'
import { applyWorkspace } from '../workspaces/apply.ts'
import { createWorkspace } from '../workspaces/create.ts'
import { readyWorkspace } from '../workspaces/find.ts'
import { beginMove } from '../workspaces/move.ts'
import { type RemovePlan, restoreWorkspace, unsavedWork } from '../workspaces/remover.ts'
import { retryWorkspace } from '../workspaces/retry.ts'
import { updateWorkspace } from '../workspaces/update.ts'
import { findWorkspace, viewWorkspace } from '../workspaces/view.ts'

type Methods = `workspaces.${'create' | 'list' | 'get' | 'update' | 'apply' | 'move' | 'remove' | 'restore' | 'retry'}`

const URGENCY: Workspace['status']['status'][] = [
  'needs_you',
  'failed',
  'unknown',
  'ready_for_review',
  'checking',
  'working',
  'idle',
]

export function workspaceHandlers({ context, actors, commands }: Parts): Pick<CallHandlers, Methods> {
  const view = async (id: string): Promise<Workspace> => {
    const found = await viewWorkspace(context, id)
    if (!found) throw new SkeinError('not_found', `there is no workspace ${id}`)
    return found
  }

  return {
    'workspaces.create': (params) =>
      commands.once('workspaces.create', params, async () => {
        const { workspace, sessionId } = await createWorkspace(context, params)
        if (sessionId !== undefined && params.prompt) {
          await queuePrompt(
            context,
            await actors.session(sessionId).log(),
            uuidFrom(sessionId, params.key),
            params.prompt,
            'user',
          )
        }
        void actors.workspace(workspace.id)
        return view(workspace.id)
      }),
    'workspaces.list': async ({ projectId, removed }) => {
      let query = context.db.selectFrom('workspaces').select('id')
      if (projectId !== undefined) query = query.where('project_id', '=', projectId)
      if (!removed) query = query.where('state', '<>', 'removed')
      const rows = await query.orderBy('created_at', 'desc').execute()
      const all = await Promise.all(rows.map(({ id }) => view(id)))
      return all.sort((a, b) => URGENCY.indexOf(a.status.status) - URGENCY.indexOf(b.status.status))
    },
    'workspaces.get': async ({ workspace }) => view((await findWorkspace(context, workspace)).id),
    'workspaces.update': (params) =>
      commands.once('workspaces.update', params, async () => view(await updateWorkspace(context, params))),
    'workspaces.apply': (params) =>
      commands.once('workspaces.apply', params, async () => {
        const row = await readyWorkspace(context, params.workspaceId)
        return applyWorkspace(context, await projectRow(context, row.project_id), row, params)
      }),
    'workspaces.move': (params) =>
      commands.once('workspaces.move', params, async () => {
        const row = await findWorkspace(context, params.workspaceId)
        await beginMove(context, row, params.to)
        void actors.workspace(row.id)
        return view(row.id)
      }),
    'workspaces.remove': (params) =>
      commands.once('workspaces.remove', params, async () => {
        const row = await findWorkspace(context, params.workspaceId)
        if (row.state === 'removed') return view(row.id)
        if (!params.confirm && !params.keepBranch && row.state !== 'removing') {
          const unsaved = await unsavedWork(context, row)
          if (unsaved.length > 0) {
            throw new SkeinError('needs_confirmation', `the workspace ${row.name} holds ${unsaved.join(', ')}`, {
              next: 'Confirm to remove it all the same; skein restore brings it back for 30 days.',
              details: { confirm: true, unsaved },
            })
          }
        }
        const plan: RemovePlan = { keepBranch: params.keepBranch ?? false }
        await context.db
          .updateTable('workspaces')
          .set({ state: 'removing', removal: JSON.stringify(plan), problem: null })
          .where('id', '=', row.id)
          .where('state', '<>', 'removed')
          .execute()
        context.changes.workspace(row.id)
        context.machines.abandon(row.machine_id)
        // A drive that began before it was to be removed ends first.
        const gone = actors.workspace(row.id).then(() => actors.workspace(row.id))
        if (params.wait !== false) await gone
        return view(row.id)
      }),
    'workspaces.restore': (params) =>
      commands.once('workspaces.restore', params, async () => {
        const row = await findWorkspace(context, params.workspaceId)
        await restoreWorkspace(context, row)
        void actors.workspace(row.id)
        return view(row.id)
      }),
    'workspaces.retry': (params) =>
      commands.once('workspaces.retry', params, async () => {
        const row = await findWorkspace(context, params.workspaceId)
        await retryWorkspace(context, row)
        void actors.workspace(row.id)
        return view(row.id)
      }),
  }
}
