import { ArrowDownToLine, ChevronDown, ChevronUp, Copy, Download, Search, X } from 'lucide-react'
import { memo, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { VList, type VListHandle } from 'virtua'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { ErrorState } from '../ui/error-state.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toast.tsx'
import { AnsiText } from './ansi-text.tsx'
import type { LogLines, LogRow } from './log-lines.ts'
import { findRows } from './log-search.ts'
import { type FollowedLog, useLogVersion } from './use-log.ts'

interface LogViewProps {
  log: FollowedLog
  /** What it is the log of; for screen readers and the name of a saved file. */
  label: string
  className?: string
  /** Shown while nothing was printed. */
  quiet?: string
}

/** A log with colours, of any length: follows its end until somebody scrolls up, and can be searched, copied and saved. */
export function LogView({ log, label, className, quiet = 'Nothing was printed yet.' }: LogViewProps) {
  const { lines, state } = log
  const version = useLogVersion(lines)
  const list = useRef<VListHandle>(null)
  const [follows, setFollows] = useState(true)
  const [finding, setFinding] = useState(false)
  const [marked, setMarked] = useState<number>()
  const lastOffset = useRef(0)
  const count = lines.rows.length

  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that there is more to follow.
  useLayoutEffect(() => {
    if (follows && count > 0) list.current?.scrollToIndex(count - 1, { align: 'end' })
  }, [follows, count, version])

  const scrolled = (offset: number) => {
    const handle = list.current
    if (!handle) return
    const atEnd = handle.scrollSize - offset - handle.viewportSize < 24
    // Growing moves the end away without anybody scrolling; only going up says "let me read".
    if (atEnd) setFollows(true)
    else if (offset < lastOffset.current - 4) setFollows(false)
    lastOffset.current = offset
  }
  const goTo = (row: number | undefined) => {
    setMarked(row)
    if (row === undefined) return
    setFollows(false)
    list.current?.scrollToIndex(row, { align: 'center' })
  }

  return (
    <section
      aria-label={label}
      className={cn(
        'group/log relative flex min-h-0 flex-col overflow-hidden rounded-md border border-border bg-surface',
        className,
      )}
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
          event.preventDefault()
          event.stopPropagation()
          setFinding(true)
        }
      }}
    >
      {finding ? (
        <FindBar
          lines={lines}
          version={version}
          onGo={goTo}
          onClose={() => {
            setFinding(false)
            setMarked(undefined)
          }}
        />
      ) : (
        <LogActions lines={lines} label={label} onFind={() => setFinding(true)} />
      )}
      {count > 0 ? (
        <VList
          ref={list}
          data={{ length: count } as ArrayLike<undefined>}
          itemSize={18}
          onScroll={scrolled}
          tabIndex={0}
          className="min-h-0 flex-1 py-2 font-mono text-xs"
        >
          {(_, index) => {
            const row = lines.rows[index]
            return row ? (
              <Row key={index + lines.dropped} row={row} text={row.text} marked={index === marked} />
            ) : (
              <div key={index + lines.dropped} />
            )
          }}
        </VList>
      ) : (
        <div className="flex-1 overflow-auto p-3">
          {state === 'loading' ? <LogSkeleton /> : state !== 'failed' && <p className="text-muted text-sm">{quiet}</p>}
        </div>
      )}
      {state === 'failed' && (
        <div className="border-border border-t p-3">
          <ErrorState error={log.error} retry={log.retry} title="The log could not be read" className="py-4" />
        </div>
      )}
      {!follows && count > 0 && (
        <Button
          size="sm"
          className="absolute right-4 bottom-3 bg-background shadow-md"
          onClick={() => setFollows(true)}
        >
          <ArrowDownToLine aria-hidden className="size-3.5" />
          To the end
        </Button>
      )}
    </section>
  )
}

// `text` is passed beside the row, since a row that is still written to keeps its identity.
const Row = memo(function Row({ row, text, marked }: { row: LogRow; text: string; marked: boolean }) {
  return (
    <div
      className={cn(
        'whitespace-pre-wrap break-words px-3 leading-[18px] [overflow-wrap:anywhere]',
        marked && 'bg-accent/20',
      )}
    >
      {text === '' ? '\u00a0' : <AnsiText line={text} start={row.style} />}
    </div>
  )
})

function LogSkeleton() {
  return (
    <div role="status" aria-label="The log is being read" className="space-y-2">
      {['w-2/3', 'w-1/2', 'w-3/4', 'w-1/3'].map((width) => (
        <Skeleton key={width} className={cn('h-3', width)} />
      ))}
    </div>
  )
}

function LogActions({ lines, label, onFind }: { lines: LogLines; label: string; onFind: () => void }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(lines.plainText())
      toast.success('Log copied')
    } catch {
      toast.error('The log could not be copied', { description: 'The browser forbids it here. Save it instead.' })
    }
  }
  const save = () => {
    const url = URL.createObjectURL(new Blob([lines.plainText()], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${label.replaceAll(/[^\w.-]+/g, '-').slice(0, 60)}.log`
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <div className="absolute top-1.5 right-3 z-10 flex rounded-md bg-surface/90 opacity-70 transition-opacity focus-within:opacity-100 group-hover/log:opacity-100">
      <IconButton label="Find in this log" onClick={onFind}>
        <Search />
      </IconButton>
      <IconButton label="Copy the log" onClick={() => void copy()}>
        <Copy />
      </IconButton>
      <IconButton label="Save the log" onClick={save}>
        <Download />
      </IconButton>
    </div>
  )
}

interface FindBarProps {
  lines: LogLines
  version: number
  onGo: (row: number | undefined) => void
  onClose: () => void
}

function FindBar({ lines, version, onGo, onClose }: FindBarProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that the rows are others.
  const found = useMemo(() => findRows(lines.rows, text), [lines, version, text])
  const current = Math.min(at, Math.max(0, found.length - 1))

  useEffect(() => input.current?.focus(), [])
  const move = (by: number) => {
    if (found.length === 0) return
    const next = (current + by + found.length) % found.length
    setAt(next)
    onGo(found[next])
  }
  const type = (value: string) => {
    setText(value)
    setAt(0)
    onGo(findRows(lines.rows, value)[0])
  }
  return (
    <search className="flex items-center gap-1 border-border border-b px-2 py-1">
      <label htmlFor={id} className="sr-only">
        Find in this log
      </label>
      <input
        ref={input}
        id={id}
        value={text}
        placeholder="Find in this log"
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') move(event.shiftKey ? -1 : 1)
          else if (event.key === 'Escape') onClose()
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
        className="min-w-0 flex-1 bg-transparent px-1 text-sm outline-none placeholder:text-muted"
      />
      <output className="whitespace-nowrap px-1 text-muted text-xs tabular-nums">
        {text === '' ? '' : found.length === 0 ? 'Not found' : `${current + 1} of ${found.length.toLocaleString('en')}`}
      </output>
      <IconButton label="Find the one before" onClick={() => move(-1)}>
        <ChevronUp />
      </IconButton>
      <IconButton label="Find the next one" onClick={() => move(1)}>
        <ChevronDown />
      </IconButton>
      <IconButton label="Close" onClick={onClose}>
        <X />
      </IconButton>
    </search>
  )
}
