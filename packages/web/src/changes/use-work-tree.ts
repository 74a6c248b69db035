import type { Workspace } from '@skein/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { useApi } from '../api/context.tsx'
import { queryKey, useApiQuery } from '../api/query.ts'
import { reportFailure } from '../comments/report-failure.ts'
import { confirm } from '../ui/confirm.tsx'
import { toast } from '../ui/toast.tsx'
import type { Piece } from './review.ts'

/** What is staged in a workspace, and the commands that stage and discard. */
export function useWorkTree(workspace: Workspace, reload: () => void) {
  const api = useApi()
  const client = useQueryClient()
  const workspaceId = workspace.id
  const { data: git, refetch } = useApiQuery('workspaces.git', { workspaceId }, { keep: true })
  const readAgain = useEffectEvent(() => void refetch())
  // biome-ignore lint/correctness/useExhaustiveDependencies: a work tree that changed has another status.
  useEffect(() => readAgain(), [workspace.diff?.at])
  const refresh = () => {
    void refetch()
    reload()
  }

  const stage = async (piece: Piece, unstage: boolean) => {
    try {
      const key = crypto.randomUUID()
      const status = await api.call('workspaces.stage', { key, workspaceId, ...contentOf(piece), unstage })
      client.setQueryData(queryKey('workspaces.git', { workspaceId }), status)
      toast.success(unstage ? `Unstaged ${nameOf(piece)}` : `Staged ${nameOf(piece)}`)
    } catch (error) {
      reportFailure(unstage ? 'Not unstaged' : 'Not staged', error)
    }
  }
  const bringBack = async (snapshotRef: string) => {
    try {
      await api.call('workspaces.undiscard', { key: crypto.randomUUID(), workspaceId, snapshotRef })
      refresh()
    } catch (error) {
      reportFailure('Not brought back', error)
    }
  }
  const discard = async (piece: Piece) => {
    const sure = await confirm({
      title: `Discard ${nameOf(piece)}?`,
      description: 'It is taken back to what the base has. What is there now is kept, and can be brought back.',
      action: 'Discard',
      danger: true,
    })
    if (!sure) return
    try {
      const key = crypto.randomUUID()
      const { snapshotRef } = await api.call('workspaces.discard', { key, workspaceId, ...contentOf(piece) })
      refresh()
      toast.success(`Discarded ${nameOf(piece)}`, {
        action: { label: 'Undo', onClick: () => void bringBack(snapshotRef) },
        duration: 20_000,
      })
    } catch (error) {
      reportFailure('Not discarded', error)
    }
  }
  return {
    ...{ git, refresh },
    stage: (piece: Piece, unstage: boolean) => void stage(piece, unstage),
    discard: (piece: Piece) => void discard(piece),
  }
}

function contentOf(piece: Piece): { paths: string[] } | { patch: string } {
  return 'paths' in piece ? { paths: piece.paths } : { patch: piece.patch }
}

function nameOf(piece: Piece): string {
  return 'paths' in piece ? (piece.paths.at(-1) ?? 'nothing') : `a hunk of ${piece.path}`
}
