import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { type Comparison, type LoadedChanges, loadChanges } from './load-changes.ts'

interface ChangesState {
  changes: LoadedChanges | undefined
  error: unknown
  loading: boolean
  reload(): void
}

/** While agents write, the diff is read again this often at most. */
const PAUSE = 1500

/**
 * The changes of a workspace, read again when `at` moves. What is on the page stays until all of its successor is there, so that
 * nothing jumps; only the first time, or for another comparison, each part is shown as it comes.
 */
export function useChanges(comparison: Comparison, at: number | undefined): ChangesState {
  const api = useApi()
  const { workspaceId, from, tree, ignoreWhitespace } = comparison
  const subject = JSON.stringify([workspaceId, from, tree, ignoreWhitespace])
  const [state, setState] = useState<{ subject: string; changes?: LoadedChanges; error?: unknown; loading: boolean }>({
    subject,
    loading: true,
  })
  const [asked, setAsked] = useState(0)
  const stale = useRef(false)
  const wake = useRef<() => void>(() => undefined)
  const shown = state.subject === subject ? state.changes : undefined

  const read = useEffectEvent(async (signal: AbortSignal) => {
    const before = shown
    setState({ subject, ...(before ? { changes: before } : {}), loading: true })
    try {
      for await (const changes of loadChanges(api, comparison, before, signal)) {
        if (signal.aborted) return
        if (before && !changes.complete) continue
        setState({ subject, changes, loading: !changes.complete })
        // Lets the page draw what there is before the next part is taken in.
        await new Promise((resolve) => setTimeout(resolve))
      }
    } catch (error) {
      if (!signal.aborted) setState({ subject, ...(before ? { changes: before } : {}), error, loading: false })
    }
  })

  // biome-ignore lint/correctness/useExhaustiveDependencies: `at` and `asked` say that what was read is old.
  useEffect(() => {
    stale.current = true
    wake.current()
  }, [at, asked])

  // One reading after the other: a work tree that changes all the time must not stop each before its end.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `subject` says what to read.
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const readOn = async () => {
      while (!signal.aborted) {
        stale.current = false
        await read(signal)
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
        if (stale.current || signal.aborted) continue
        await new Promise<void>((resolve) => {
          wake.current = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
    }
    void readOn()
    return () => controller.abort()
  }, [subject])

  return {
    changes: shown,
    error: state.subject === subject ? state.error : undefined,
    loading: state.loading || state.subject !== subject,
    reload: () => setAsked((count) => count + 1),
  }
}
