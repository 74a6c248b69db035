import { useEffect, useState } from 'react'
import { duration } from '../ui/amounts.ts'
import { Kbd } from '../ui/kbd.tsx'
import { Spinner } from '../ui/spinner.tsx'
import type { SessionFacts } from './items.ts'

/** That the agent is at work, and since when. */
export function WorkingLine({ facts: { working, workingSince, waiting, rateLimit } }: { facts: SessionFacts }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!working) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [working])
  const limited = rateLimit && rateLimit.status !== 'allowed'
  return (
    <>
      {limited && (
        <p className="px-1.5 text-sm text-warning">
          {rateLimit.status === 'rejected' ? 'A usage limit is reached' : 'A usage limit is near'}
          {rateLimit.window !== undefined && ` (${rateLimit.window.replaceAll('_', ' ')})`}
          {rateLimit.resetsAt !== undefined && `; it is lifted at ${new Date(rateLimit.resetsAt).toLocaleTimeString()}`}
          .
        </p>
      )}
      {working && waiting && <p className="px-1.5 text-sm text-status-needs-you">Waits for your answer</p>}
      {working && !waiting && (
        <p className="flex items-center gap-2 px-1.5 text-muted text-sm">
          <Spinner className="size-3.5" />
          <span className="nums">
            Works{workingSince !== undefined && ` for ${duration(Math.max(1000, now - workingSince))}`}
          </span>
          <span className="flex items-center gap-1.5 max-sm:hidden">
            <Kbd keys="escape" /> interrupts
          </span>
        </p>
      )}
    </>
  )
}
