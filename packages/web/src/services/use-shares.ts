import type { Share } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useApi } from '../api/context.tsx'
import { onChange } from '../api/live.ts'
import { queryClient } from '../api/query.ts'

const sharesKey = (workspaceId: string) => ['shares.list', workspaceId]

/** The share links of a workspace, the newest first; kept right by what the server tells. */
export function useShares(workspaceId: string): readonly Share[] {
  const api = useApi()
  const shares = useQuery({
    queryKey: sharesKey(workspaceId),
    queryFn: ({ signal }) => api.call('shares.list', { workspaceId }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  })
  useEffect(
    () =>
      onChange((change) => {
        if (change.type === 'share' && change.share.workspaceId === workspaceId) keepShare(change.share)
        if (change.type === 'share_gone' && change.workspaceId === workspaceId) dropShare(workspaceId, change.shareId)
      }),
    [workspaceId],
  )
  return shares.data ?? []
}

export function keepShare(share: Share): void {
  queryClient.setQueryData<readonly Share[]>(sharesKey(share.workspaceId), (before = []) =>
    [share, ...before.filter(({ id }) => id !== share.id)].sort((a, b) => b.createdAt - a.createdAt),
  )
}

export function dropShare(workspaceId: string, shareId: string): void {
  queryClient.setQueryData<readonly Share[]>(sharesKey(workspaceId), (before = []) =>
    before.filter(({ id }) => id !== shareId),
  )
}
