import { SkeinError } from '@skein/protocol'
import type { CallHandlers, Parts } from '../api.ts'
import { shortId } from '../identity.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { bundlePart } from '../workspaces/bundle.ts'
import { lookAtDiff } from '../workspaces/diff.ts'
import { readWorkspaceFile } from '../workspaces/file.ts'
import { readyWorkspace } from '../workspaces/find.ts'
import { workTreeIn } from '../workspaces/repositories.ts'

type Methods =
  `workspaces.${'files' | 'file' | 'git' | 'changes' | 'diff' | 'bundle' | 'commit' | 'stage' | 'discard' | 'undiscard'}`

/** A patch has to fit into one message to the machine. */
const MOST_PATCH = 512 * 1024
const FILES_SHOWN = 50

/** What a workspace holds, and what of it is kept. */
export function fileHandlers({ context, commands }: Parts): Pick<CallHandlers, Methods> {
  const runnerOf = (row: WorkspaceTable) => context.machines.runner(row.machine_id)

  async function worked(row: WorkspaceTable & { base: string }): Promise<void> {
    await context.db
      .updateTable('workspaces')
      .set({ worked_at: context.clock.now() })
      .where('id', '=', row.id)
      .execute()
    await lookAtDiff(context, row)
  }

  return {
    'workspaces.files': async ({ workspaceId, query, limit = FILES_SHOWN }) => {
      const row = await readyWorkspace(context, workspaceId)
      const runner = await runnerOf(row)
      return runner.call('git.files', { path: row.path, limit, ...(query === undefined ? {} : { query }) })
    },
    'workspaces.file': async ({ workspaceId, path, at }) => {
      const row = await readyWorkspace(context, workspaceId)
      return readWorkspaceFile(await runnerOf(row), row, path, at)
    },
    'workspaces.git': async ({ workspaceId }) => {
      const row = await readyWorkspace(context, workspaceId)
      return (await runnerOf(row)).call('git.status', { path: row.path, base: row.base })
    },
    'workspaces.changes': async ({ workspaceId, from, to, folder }) => {
      const row = await workTreeIn(context, await readyWorkspace(context, workspaceId), folder)
      if (from === undefined && to === undefined && folder === undefined) return lookAtDiff(context, row)
      return (await runnerOf(row)).call('git.changes', {
        path: row.path,
        base: from ?? row.base,
        ...(to === undefined ? {} : { tree: to }),
      })
    },
    'workspaces.diff': async ({ workspaceId, from, folder, ...rest }) => {
      const row = await workTreeIn(context, await readyWorkspace(context, workspaceId), folder)
      return (await runnerOf(row)).call('git.diff', { path: row.path, base: from ?? row.base, ...rest })
    },
    'workspaces.bundle': async ({ workspaceId, folder, ...part }) => {
      const row = await workTreeIn(context, await readyWorkspace(context, workspaceId), folder)
      return bundlePart(await runnerOf(row), row, part)
    },
    'workspaces.commit': (params) =>
      commands.once('workspaces.commit', params, async () => {
        const row = await readyWorkspace(context, params.workspaceId)
        const done = await (await runnerOf(row)).call('git.commit', {
          path: row.path,
          message: params.message,
          ...(params.staged ? { staged: true } : {}),
        })
        await worked(row)
        return done
      }),
    'workspaces.stage': (params) =>
      commands.once('workspaces.stage', params, async () => {
        const { workspaceId, paths, patch, unstage } = params
        const row = await readyWorkspace(context, workspaceId)
        const status = await (await runnerOf(row)).call('git.stage', {
          path: row.path,
          base: row.base,
          ...chosen({ paths, patch }),
          ...(unstage ? { unstage: true } : {}),
        })
        await worked(row)
        return status
      }),
    'workspaces.discard': (params) =>
      commands.once('workspaces.discard', params, async () => {
        const { workspaceId, paths, patch, key } = params
        const row = await readyWorkspace(context, workspaceId)
        const snapshotRef = discardRef(row.id, key)
        await (await runnerOf(row)).call('git.discard', {
          path: row.path,
          base: row.base,
          ref: snapshotRef,
          ...chosen({ paths, patch }),
        })
        await worked(row)
        return { snapshotRef }
      }),
    'workspaces.undiscard': (params) =>
      commands.once('workspaces.undiscard', params, async () => {
        const row = await readyWorkspace(context, params.workspaceId)
        if (!params.snapshotRef.startsWith(`refs/skein/discard/${row.id}/`))
          throw new SkeinError('invalid', `${params.snapshotRef} is nothing that was discarded in ${row.name}`)
        await (await runnerOf(row)).call('git.undiscard', { path: row.path, ref: params.snapshotRef })
        await worked(row)
        return {}
      }),
  }
}

function discardRef(workspaceId: string, key: string): string {
  return `refs/skein/discard/${workspaceId}/${shortId('', key)}`
}

function chosen({ paths, patch }: { paths: string[] | undefined; patch: string | undefined }): {
  paths?: string[]
  patch?: string
} {
  if ((paths === undefined || paths.length === 0) && (patch === undefined || patch === ''))
    throw new SkeinError('invalid', 'no file and no hunk was chosen')
  if (patch !== undefined && Buffer.byteLength(patch) > MOST_PATCH)
    throw new SkeinError('invalid', 'the hunks are larger than 512 KiB', { next: 'Choose the whole file instead.' })
  return { ...(paths === undefined ? {} : { paths }), ...(patch === undefined ? {} : { patch }) }
}
