import { useEffect, useRef, useState } from 'react'
import type { TranscriptView } from './transcript.ts'

/** Tells screen readers what matters and not every word: that a turn began or ended, that something is asked. */
export function Announcements({ view, live }: { view: TranscriptView; live: boolean }) {
  const [words, setWords] = useState('')
  const told = useRef<string>(undefined)
  const last = view.items.findLast(({ type }) => type === 'turn_end' || type === 'ask' || type === 'prompt')
  useEffect(() => {
    if (!last) return
    const before = told.current
    told.current = last.key
    if (before === undefined || before === last.key || !live) return
    if (last.type === 'turn_end')
      setWords(last.stopReason === 'end_turn' ? 'The agent has finished.' : 'The turn has ended.')
    if (last.type === 'ask') setWords(`The agent asks: ${last.title}`)
    if (last.type === 'prompt') setWords('The agent begins.')
  }, [last, live])
  return (
    <div aria-live="polite" className="sr-only">
      {words}
    </div>
  )
}
