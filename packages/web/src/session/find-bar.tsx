import { useNavigate } from '@tanstack/react-router'
import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useApiQuery } from '../api/query.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Input } from '../ui/input.tsx'
import { findIn } from './find.ts'
import { markWords, unmarkWords } from './mark-words.ts'
import type { Row } from './rows.ts'
import type { TranscriptListHandle } from './transcript-list.tsx'
import { unfold } from './unfolded.ts'

interface FindBarProps {
  sessionId: string
  rows: readonly Row[]
  /** Events before this one are not on the page; the server looks through them. */
  firstSeq: number
  list: TranscriptListHandle | null
  onClose(): void
  /** Goes to an event that may not be on the page yet. */
  onGo(seq: number): void
}

/** Finds words in a session: in what is on the page at once, in what was before by the server. */
export function FindBar({ sessionId, rows, firstSeq, list, onClose, onGo }: FindBarProps) {
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text.trim())
  const found = useMemo(() => findIn(rows, wanted), [rows, wanted])
  const [at, setAt] = useState<string>()
  const place = Math.max(
    0,
    found.findIndex((index) => rows[index]?.key === at),
  )
  const field = useRef<HTMLInputElement>(null)
  const older = useApiQuery(
    'search',
    { text: wanted, sessionId, limit: 50 },
    { enabled: wanted.length > 1 && firstSeq > 1 },
  )
  const before = (older.data?.hits ?? []).filter(({ seq }) => seq < firstSeq)

  const go = (to: number) => {
    const index = found[(to + found.length) % found.length]
    const row = index === undefined ? undefined : rows[index]
    if (index === undefined || !row) return
    setAt(row.key)
    if ('item' in row && (row.item.type === 'tool' || row.item.type === 'thought')) unfold(`${sessionId} ${row.key}`)
    list?.show(index)
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words lead to their newest place.
  useEffect(() => {
    if (wanted !== '') go(found.length - 1)
  }, [wanted])
  useEffect(() => {
    const element = list?.element()
    if (element) return markWords(element, wanted)
    return unmarkWords
  }, [list, wanted])

  return (
    <search className="flex items-center gap-1 border-b bg-sunken px-3 py-1.5">
      <Input
        ref={field}
        autoFocus
        type="search"
        aria-label="Find in this session"
        placeholder="Find in this session"
        className="max-w-72 [&::-webkit-search-cancel-button]:hidden"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(place + (event.shiftKey ? -1 : 1))
          if (event.key === 'Escape') onClose()
          if (event.key === 'Enter' || event.key === 'Escape') event.stopPropagation()
        }}
      />
      <span role="status" className="nums shrink-0 px-1 text-muted text-sm">
        {wanted === '' ? '' : found.length === 0 ? 'Not on this page' : `${place + 1} of ${found.length}`}
      </span>
      <IconButton label="The one before" keys="shift+enter" disabled={found.length === 0} onClick={() => go(place - 1)}>
        <ChevronUp />
      </IconButton>
      <IconButton label="The next one" keys="enter" disabled={found.length === 0} onClick={() => go(place + 1)}>
        <ChevronDown />
      </IconButton>
      {before[0] && (
        <Button size="sm" variant="ghost" onClick={() => before[0] && onGo(before[0].seq)}>
          {before.length}
          {older.data?.cursor ? '+' : ''} earlier
        </Button>
      )}
      <Button
        size="sm"
        variant="ghost"
        className="ml-auto max-sm:hidden"
        onClick={() => void navigate({ to: '/search', search: wanted === '' ? {} : { q: wanted } })}
      >
        In all sessions
      </Button>
      <IconButton label="Close" keys="escape" onClick={onClose}>
        <X />
      </IconButton>
    </search>
  )
}
