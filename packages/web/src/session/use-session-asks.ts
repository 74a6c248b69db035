import type { Ask } from '@skein/protocol'
import { useMemo } from 'react'
import { useLive } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import type { AskItem } from './items.ts'

/** Finds the ask of an item of the transcript: events do not carry the ask's own id, but both were made at one moment. */
export function useSessionAsks(sessionId: string): (item: AskItem) => Ask | undefined {
  const { data } = useApiQuery('asks.list', { sessionId, all: true })
  const live = useLive((state) => state.asks)
  return useMemo(() => {
    const byMoment = new Map<string, Ask>()
    const known = [...(data ?? []), ...[...live.values()].filter((ask) => ask.sessionId === sessionId)]
    for (const ask of known) byMoment.set(`${ask.createdAt} ${ask.kind}`, ask)
    const open = known.filter((ask) => ask.state === 'open')
    return ({ at, kind, title, outcome }) =>
      byMoment.get(`${at} ${kind}`) ??
      (outcome ? undefined : open.find((ask) => ask.kind === kind && ask.title === title))
  }, [data, live, sessionId])
}
