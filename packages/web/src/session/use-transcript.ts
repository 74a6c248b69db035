import { useMemo, useSyncExternalStore } from 'react'
import { useApi } from '../api/context.tsx'
import { type TranscriptState, type TranscriptStore, transcriptOf } from './transcript-store.ts'

/** A session's transcript, as it is now and as it goes on. */
export function useTranscript(sessionId: string): { store: TranscriptStore; state: TranscriptState } {
  const api = useApi()
  const store = useMemo(() => transcriptOf(api, sessionId), [api, sessionId])
  return { store, state: useSyncExternalStore(store.subscribe, store.get) }
}
