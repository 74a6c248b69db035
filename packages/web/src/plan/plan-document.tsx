import { MessageSquarePlus } from 'lucide-react'
import { Fragment, type KeyboardEvent, type PointerEvent, type ReactNode, useMemo, useRef } from 'react'
import { lineRangeName } from '../comments/line-range-name.ts'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { type PlanLine, planLines } from './document.ts'
import { isSelected, type PlanSelection, rangeOf, stepBy } from './line-selection.ts'
import { PlanLineRow } from './plan-line.tsx'

interface PlanDocumentProps {
  markdown: string
  label: string
  selection: PlanSelection | undefined
  onSelect(selection: PlanSelection | undefined): void
  /** Absent: no new comments. */
  onComment?: ((selection: PlanSelection) => void) | undefined
  /** What stands below a line: comments, and boxes for new ones. */
  below(line: number): ReactNode
}

/**
 * A plan, line by line. Line numbers select: a click one line, a drag or Shift a range, a double click the block. With the focus on
 * a number, arrows move, Shift extends, `b` takes the block and `c` comments.
 */
export function PlanDocument({ markdown, label, selection, onSelect, onComment, below }: PlanDocumentProps) {
  const lines = useMemo(() => planLines(markdown), [markdown])
  const columns = useMemo(() => tableColumns(lines), [lines])
  const root = useRef<HTMLElement>(null)
  const dragging = useRef(false)

  const focusLine = (number: number) => {
    requestAnimationFrame(() => {
      const button = root.current?.querySelector<HTMLElement>(`[data-number="${number}"]`)
      button?.focus({ preventScroll: true })
      button?.scrollIntoView({ block: 'nearest' })
    })
  }
  const selectBlock = (number: number) => {
    const line = lines[number - 1]
    if (line) onSelect({ anchor: line.blockStart, head: line.blockEnd })
  }
  const onPointerDown = (event: PointerEvent) => {
    const line = numberAt(event.target)
    if (line === undefined || event.button !== 0) return
    dragging.current = event.pointerType === 'mouse'
    onSelect({ anchor: event.shiftKey && selection ? selection.anchor : line, head: line })
  }
  const onPointerMove = (event: PointerEvent) => {
    if (!dragging.current || !selection) return
    const line = lineAt(document.elementFromPoint(event.clientX, event.clientY))
    if (line !== undefined && line !== selection.head) onSelect({ anchor: selection.anchor, head: line })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const line = numberAt(event.target)
    if (line === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(line, 1, event.shiftKey),
      ArrowUp: () => move(line, -1, event.shiftKey),
      Home: () => move(line, -lines.length, event.shiftKey),
      End: () => move(line, lines.length, event.shiftKey),
      b: () => selectBlock(line),
      Escape: () => onSelect(undefined),
      Enter: () => onComment?.(selection ?? { anchor: line, head: line }),
    }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    event.stopPropagation()
    step()
  }
  const move = (from: number, step: number, extend: boolean) => {
    const next = stepBy(selection ?? { anchor: from, head: from }, step, extend, lines.length)
    onSelect(next)
    focusLine(next.head)
  }

  const range = selection && rangeOf(selection)
  return (
    <section
      ref={root}
      aria-label={label}
      className="plan-document"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragging.current = false
      }}
      onDoubleClick={(event) => {
        const line = numberAt(event.target)
        if (line !== undefined) selectBlock(line)
      }}
      onKeyDown={onKeyDown}
    >
      {lines.map((line) => (
        <Fragment key={line.number}>
          <PlanLineRow
            line={line}
            selected={isSelected(selection, line.number)}
            tabbable={line.number === (selection?.head ?? 1)}
            columns={columns.get(line.blockStart)}
            onComment={onComment && ((number) => onComment(commentRange(selection, number)))}
          />
          {range?.endLine === line.number && selection && onComment && (
            <SelectionActions
              name={lineRangeName(range)}
              onComment={() => onComment(selection)}
              onBlock={() => selectBlock(selection.head)}
            />
          )}
          {below(line.number)}
        </Fragment>
      ))}
    </section>
  )
}

function SelectionActions({ name, onComment, onBlock }: { name: string; onComment(): void; onBlock(): void }) {
  return (
    <div className="plan-actions">
      <div className="plan-actions-bar">
        <Button size="sm" variant="primary" onClick={onComment}>
          <MessageSquarePlus aria-hidden /> Comment on {name} <Kbd keys="c" className="max-sm:hidden" />
        </Button>
        <Button size="sm" variant="ghost" onClick={onBlock}>
          Whole block <Kbd keys="b" className="max-sm:hidden" />
        </Button>
      </div>
    </div>
  )
}

/** The plus of a selected line is about the whole selection. */
function commentRange(selection: PlanSelection | undefined, line: number): PlanSelection {
  return selection && isSelected(selection, line) ? selection : { anchor: line, head: line }
}

function numberAt(target: EventTarget | null): number | undefined {
  const button = target instanceof Element ? target.closest<HTMLElement>('[data-number]') : null
  return button ? Number(button.dataset.number) : undefined
}

function lineAt(element: Element | null): number | undefined {
  const row = element?.closest<HTMLElement>('[data-line]')
  return row ? Number(row.dataset.line) : undefined
}

/** For each table, by its first line: how much room each column wants. */
function tableColumns(lines: readonly PlanLine[]): Map<number, number[]> {
  const tables = new Map<number, number[]>()
  for (const line of lines) {
    if (line.kind !== 'table' || line.role === 'rule') continue
    const widths = tables.get(line.blockStart) ?? []
    for (const [index, cell] of line.cells.entries()) {
      widths[index] = Math.min(40, Math.max(widths[index] ?? 4, cell.length))
    }
    tables.set(line.blockStart, widths)
  }
  return tables
}
