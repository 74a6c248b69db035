import type { SearchHit } from '@skein/protocol'

/** Hits of one session that stand together in the list. */
export interface HitGroup {
  workspaceId: string
  workspaceName: string
  sessionId: string
  hits: SearchHit[]
}

/** Hits by session: sessions in the order of their first hit, hits within them as they came; a hit that came twice once. */
export function groupHits(hits: readonly SearchHit[]): HitGroup[] {
  const groups = new Map<string, HitGroup & { seen: Set<number> }>()
  for (const hit of hits) {
    let group = groups.get(hit.sessionId)
    if (!group) {
      const { workspaceId, workspaceName, sessionId } = hit
      group = { workspaceId, workspaceName, sessionId, hits: [], seen: new Set() }
      groups.set(sessionId, group)
    }
    if (group.seen.has(hit.seq)) continue
    group.seen.add(hit.seq)
    group.hits.push(hit)
  }
  return [...groups.values()].map(({ seen: _seen, ...group }) => group)
}
