import type { LogPart } from '@skein/protocol'
import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react'
import { LogLines } from './log-lines.ts'

export interface FollowedLog {
  lines: LogLines
  state: 'loading' | 'live' | 'ended' | 'failed'
  error?: unknown
  /** Begins again after a failure. */
  retry(): void
}

/** Follows a log for as long as the component stands; another `id` is another log. */
export function useLog(id: string, follow: (signal: AbortSignal) => AsyncIterable<LogPart>): FollowedLog {
  const [attempt, setAttempt] = useState(0)
  const subject = `${id}#${attempt}`
  const [log, setLog] = useState(() => fresh(subject))
  const open = useEffectEvent(follow)

  useEffect(() => {
    const controller = new AbortController()
    const mine = fresh(subject)
    setLog(mine)
    const read = async () => {
      try {
        for await (const part of open(controller.signal)) {
          if (controller.signal.aborted) return
          mine.lines.append(part)
          if (mine.state === 'loading') {
            mine.state = 'live'
            setLog({ ...mine })
          }
        }
        if (!controller.signal.aborted) setLog({ ...mine, state: 'ended' })
      } catch (error) {
        if (!controller.signal.aborted) setLog({ ...mine, state: 'failed', error })
      }
    }
    void read()
    // A log that has nothing to say yet is no log that loads for ever.
    const timer = setTimeout(() => {
      if (mine.state === 'loading')
        setLog((shown) =>
          shown.lines === mine.lines && shown.state === 'loading' ? { ...shown, state: 'live' } : shown,
        )
    }, 600)
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [subject])

  return { ...log, retry: () => setAttempt((before) => before + 1) }
}

interface LogState {
  subject: string
  lines: LogLines
  state: FollowedLog['state']
  error?: unknown
}

const fresh = (subject: string): LogState => ({ subject, lines: new LogLines(), state: 'loading' })

/** Renders again when the log has grown, at most once a frame. */
export function useLogVersion(lines: LogLines): number {
  return useSyncExternalStore((listener) => oncePerFrame(lines, listener), lines.version)
}

function oncePerFrame(lines: LogLines, listener: () => void): () => void {
  let frame = 0
  const stop = lines.subscribe(() => {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      listener()
    })
  })
  return () => {
    stop()
    cancelAnimationFrame(frame)
  }
}
