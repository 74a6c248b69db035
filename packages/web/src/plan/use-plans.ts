import { useLive } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'

/** Every revision of a session’s plans, the newest first. */
export function usePlans(sessionId: string | undefined) {
  const asks = useLive((live) => live.asks)
  const { data, error, refetch } = useApiQuery(
    'plans.list',
    { sessionId: sessionId ?? '' },
    { enabled: sessionId !== undefined, keep: true },
  )
  const revisions = sessionId === undefined ? [] : data?.toSorted((a, b) => b.revision - a.revision)
  return {
    revisions,
    error,
    refetch: () => void refetch(),
    /** What the answer is bound to. */
    hashOf: (askId: string) => asks.get(askId)?.inputHash,
  }
}
