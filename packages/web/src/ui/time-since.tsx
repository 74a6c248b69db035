import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let now = Date.now()

const STEP_MS = 30_000

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, STEP_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function get(): number {
  // Nobody asked for a while: the timer stood still.
  if (timer === undefined && Date.now() - now > STEP_MS) now = Date.now()
  return now
}

/** The time, to the half minute: one timer for all of the page. */
const useNow = (): number => useSyncExternalStore(subscribe, get)

/** How long ago, as short as can be: `now`, `5m`, `3h`, `2d`. */
export function shortAgo(at: number, from: number): string {
  const minutes = Math.floor(Math.max(0, from - at) / 60_000)
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes}m`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}h`
  return `${Math.floor(minutes / 60 / 24)}d`
}

/** How long ago something was; goes on by itself. */
export function TimeSince({ at, className }: { at: number; className?: string }) {
  const from = useNow()
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()} className={className}>
      {shortAgo(at, from)}
    </time>
  )
}
