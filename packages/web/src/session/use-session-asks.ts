import type { Ask } from '@skein/protocol'
import { useMemo } from 'react'
import { useLive } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import type { AskItem } from './items.ts'

/** Finds the ask of an item of the transcript. */
export function useSessionAsks(sessionId: string): (item: AskItem) => Ask | undefined {
  const { data } = useApiQuery('asks.list', { sessionId, all: true })
  const live = useLive((state) => state.asks)
  return useMemo(() => {
    const known = [...(data ?? []), ...[...live.values()].filter((ask) => ask.sessionId === sessionId)]
    const byId = new Map(known.map((ask) => [ask.id, ask]))
    return ({ askId }) => (askId === undefined ? undefined : byId.get(askId))
  }, [data, live, sessionId])
}
