import { ArrowDown, ArrowUp } from 'lucide-react'
import { memo, type Ref, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import { VList, type VListHandle } from 'virtua'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { Spinner } from '../ui/spinner.tsx'
import { ItemView } from './item-view.tsx'
import type { SessionFacts } from './items.ts'
import { Mark } from './mark-rows.tsx'
import type { Row } from './rows.ts'
import { WorkingLine } from './working-line.tsx'

/** So near to the end, in pixels, the list stays at its end. */
const NEAR_END = 48
/** So near to the beginning, in pixels, what was before is asked for. */
const NEAR_START = 1200

export interface TranscriptListHandle {
  /** Brings a row into view. */
  show(index: number): void
  toEnd(): void
  /** What is scrolled. */
  element(): HTMLElement | null
}

interface TranscriptListProps {
  rows: readonly Row[]
  /** The first event that the rows were made from: when it becomes smaller, rows came in front. */
  firstSeq: number
  facts: SessionFacts
  loadingOlder: boolean
  /** The row that a link leads to. */
  target: string | undefined
  handle: Ref<TranscriptListHandle>
  onOlder(): void
  /** Whether the end is in view. */
  onEnd(atEnd: boolean): void
}

/** The rows of a transcript, of which only those in view exist. It stays at its end while it is there, and else does not move. */
export function TranscriptList({
  rows,
  firstSeq,
  facts,
  loadingOlder,
  target,
  handle,
  onOlder,
  onEnd,
}: TranscriptListProps) {
  const list = useRef<VListHandle>(null)
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  /** The person scrolls, with a hand on it. */
  const byHand = useRef(false)
  const was = useRef({ offset: 0, size: 0 })
  const [end, setEnd] = useState(true)
  const [leftAt, setLeftAt] = useState<string>()
  const before = useRef(firstSeq)
  const shift = firstSeq < before.current
  useLayoutEffect(() => {
    before.current = firstSeq
  }, [firstSeq])

  const toEnd = useCallback(() => {
    atEnd.current = true
    list.current?.scrollToIndex(rows.length - 1, { align: 'end' })
  }, [rows.length])

  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the rows may move the end.
  useLayoutEffect(() => {
    if (atEnd.current) toEnd()
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {}
    if (viewportSize > 0 && scrollSize < viewportSize + NEAR_START) onOlder()
  }, [rows, toEnd])

  const scrolled = (offset: number) => {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {}
    const near = scrollSize - viewportSize - offset <= NEAR_END
    // Rows that turn out to be higher than they were guessed move the end away; nobody has left it then.
    const left = byHand.current || (offset < was.current.offset && scrollSize === was.current.size)
    was.current = { offset, size: scrollSize }
    if (near) byHand.current = false
    // Its growth is seen, and followed, by `useGrowth`.
    else if (atEnd.current && !left) return
    atEnd.current = near
    if (near !== end) {
      setEnd(near)
      setLeftAt(near ? undefined : rows.at(-2)?.key)
      onEnd(near)
    }
    if (offset < NEAR_START) onOlder()
  }
  const hand = () => {
    byHand.current = true
  }

  useImperativeHandle(handle, () => ({
    toEnd,
    show: (index) => {
      atEnd.current = false
      list.current?.scrollToIndex(index, { align: 'center' })
    },
    element: () => box.current,
  }))
  useGrowth(box, atEnd, toEnd)

  const seenAt = rows.findIndex((row) => row.key === 'seen')
  const left = leftAt === undefined ? -1 : rows.findLastIndex((row) => row.key === leftAt)
  const fresh = left < 0 ? 0 : rows.length - 2 - left
  return (
    <div ref={box} className="relative min-h-0 flex-1">
      <VList
        ref={list}
        data={rows}
        shift={shift}
        bufferSize={600}
        onScroll={scrolled}
        onWheel={hand}
        onTouchMove={hand}
        onPointerDown={hand}
        onKeyDown={hand}
        tabIndex={0}
        role="region"
        aria-label="Transcript"
        className="[overflow-anchor:none]"
      >
        {(row) => (
          <RowView
            key={row.key}
            row={row}
            facts={row.key === 'bottom' ? facts : undefined}
            target={row.key === target}
          />
        )}
      </VList>
      {loadingOlder && (
        <div className="absolute inset-x-0 top-2 flex justify-center">
          <span className="floating flex items-center gap-2 rounded-full px-3 py-1 text-sm">
            <Spinner className="size-3.5" /> Earlier
          </span>
        </div>
      )}
      {!end && (
        <div className="absolute inset-x-0 bottom-3 flex justify-center gap-2">
          {seenAt > 0 && <NewMark list={list} index={seenAt} />}
          <Button className="rounded-full shadow-raised" onClick={toEnd}>
            <ArrowDown />
            {fresh > 0 ? `${fresh} new` : 'To the end'}
          </Button>
        </div>
      )}
    </div>
  )
}

/** Leads back to what had not been seen, where it is above what is in view. */
function NewMark({ list, index }: { list: React.RefObject<VListHandle | null>; index: number }) {
  const handle = list.current
  if (!handle || handle.getItemOffset(index) >= handle.scrollOffset) return null
  return (
    <Button className="rounded-full shadow-raised" onClick={() => handle.scrollToIndex(index, { align: 'start' })}>
      <ArrowUp />
      Since you looked
    </Button>
  )
}

/** Rows grow while text streams into them: the list follows, while it is at its end. */
function useGrowth(box: React.RefObject<HTMLElement | null>, atEnd: React.RefObject<boolean>, toEnd: () => void): void {
  useEffect(() => {
    const element = box.current
    if (!element) return
    const observer = new ResizeObserver(() => atEnd.current && toEnd())
    observer.observe(element)
    const inner = element.firstElementChild?.firstElementChild
    if (inner) observer.observe(inner)
    return () => observer.disconnect()
  }, [box, atEnd, toEnd])
}

interface RowViewProps {
  row: Row
  facts: SessionFacts | undefined
  target: boolean
}

const RowView = memo(
  function RowView({ row, facts, target }: RowViewProps) {
    return (
      <div className="mx-auto w-full max-w-3xl px-3 sm:px-6">
        {'item' in row ? (
          <div
            data-seq={row.item.seq}
            className={cn(
              'py-1.5',
              row.item.type === 'prompt' && 'pt-5',
              row.item.type === 'tool' && 'py-0',
              target && 'rounded-md bg-accent-surface outline outline-accent outline-offset-2',
            )}
          >
            <ItemView item={row.item} />
          </div>
        ) : row.key === 'seen' ? (
          <div className="py-3">
            <Mark tone="accent">Since you looked</Mark>
          </div>
        ) : row.key === 'top' ? (
          <p className="pt-8 pb-2 text-center text-muted text-sm">The beginning of this session</p>
        ) : (
          <div className="min-h-6 pt-1 pb-6">{facts && <WorkingLine facts={facts} />}</div>
        )}
      </div>
    )
  },
  (before, after) =>
    before.target === after.target &&
    before.facts === after.facts &&
    before.row.key === after.row.key &&
    ('item' in before.row ? 'item' in after.row && before.row.item === after.row.item : true),
)
