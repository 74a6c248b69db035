import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useApi } from '../api/context.tsx'

const PAUSE_MS = 1200

/** Tells the server how far the person has seen a session: while its end is in view, in a page that is looked at. */
export function useSeen(sessionId: string, lastSeq: number, atEnd: boolean): void {
  const api = useApi()
  const told = useRef(0)
  useEffect(() => {
    if (!atEnd || lastSeq <= told.current) return
    const tell = () => {
      if (document.hidden || lastSeq <= told.current) return
      told.current = lastSeq
      // What is not told now is told with the next event.
      api.call('sessions.see', { key: crypto.randomUUID(), sessionId, seq: lastSeq }).catch(() => {
        told.current = 0
      })
    }
    const timer = setTimeout(tell, PAUSE_MS)
    document.addEventListener('visibilitychange', tell)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', tell)
    }
  }, [api, sessionId, lastSeq, atEnd])
}

/**
 * Where the mark “since you looked” stands: after what had been seen when the session was opened, or when the page was last
 * put aside; undefined while nothing came since. What happens before the person's eyes does not move it.
 */
export function useSeenMark(seenSeq: number | undefined, lastSeq: number, loaded: boolean): number | undefined {
  const [mark, setMark] = useState<number>()
  const opened = useEffectEvent(() => {
    if (seenSeq !== undefined && lastSeq > seenSeq) setMark(seenSeq)
  })
  const putAside = useRef(0)
  const turned = useEffectEvent(() => {
    if (document.hidden) putAside.current = lastSeq
    else if (putAside.current > 0 && lastSeq > putAside.current) setMark(putAside.current)
  })
  useEffect(() => {
    if (loaded) opened()
  }, [loaded])
  useEffect(() => {
    const onTurn = () => turned()
    document.addEventListener('visibilitychange', onTurn)
    return () => document.removeEventListener('visibilitychange', onTurn)
  }, [])
  return mark
}
