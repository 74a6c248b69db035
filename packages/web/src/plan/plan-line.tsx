import { Plus, Square, SquareCheck } from 'lucide-react'
import { memo } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'
import type { PlanLine } from './document.ts'
import { Inline } from './inline.tsx'

interface PlanLineRowProps {
  line: PlanLine
  selected: boolean
  /** The line that Tab comes to. */
  tabbable: boolean
  /** Column widths of the table that it belongs to, in parts. */
  columns: readonly number[] | undefined
  /** Absent: nothing can be said of this revision any more. */
  onComment: ((line: number) => void) | undefined
}

/** One line of a plan: its number, which selects it, and what it says. */
export const PlanLineRow = memo(function PlanLineRow({
  line,
  selected,
  tabbable,
  columns,
  onComment,
}: PlanLineRowProps) {
  const { number } = line
  return (
    <div className={cn('plan-line group', selected && 'plan-line-selected')} data-line={number} data-kind={line.kind}>
      <div className="plan-gutter">
        {onComment && (
          <button
            type="button"
            tabIndex={-1}
            aria-label={`Comment on line ${number}`}
            className="plan-plus"
            onClick={() => onComment(number)}
          >
            <Plus className="size-3.5" aria-hidden />
          </button>
        )}
        <button
          type="button"
          className="plan-number"
          data-number={number}
          tabIndex={tabbable ? 0 : -1}
          aria-pressed={selected}
          aria-label={`Line ${number}`}
        >
          {number}
        </button>
      </div>
      <div className="plan-content" style={line.depth > 0 ? { paddingLeft: `${line.depth * 1.5}rem` } : undefined}>
        <LineContent line={line} columns={columns} />
      </div>
    </div>
  )
})

function LineContent({ line, columns }: { line: PlanLine; columns: readonly number[] | undefined }) {
  switch (line.kind) {
    case 'heading': {
      // The page has its own first heading.
      const Heading = HEADINGS[line.level - 1] ?? 'h6'
      return (
        <Heading className={`plan-heading plan-heading-${line.level}`}>
          <Inline text={line.text} />
        </Heading>
      )
    }
    case 'item':
      return (
        <div className="flex gap-2">
          <span className="min-w-5 shrink-0 text-right text-muted tabular-nums">
            {line.checked === undefined ? markerOf(line.marker) : <Checkbox checked={line.checked} />}
          </span>
          <span className="min-w-0 break-words">
            <Inline text={line.text} />
          </span>
        </div>
      )
    case 'quote':
      return (
        <div className="border-border border-l-2 pl-3 text-muted">
          <Inline text={line.text} />
        </div>
      )
    case 'fence':
      return (
        <div className={line.open ? 'plan-fence-open' : 'plan-fence-close'}>
          {line.open && line.language !== '' ? visibleCharacters(line.language) : '\u00a0'}
        </div>
      )
    case 'code':
      return <div className="plan-code-line">{line.text === '' ? '\u00a0' : visibleCharacters(line.text)}</div>
    case 'table':
      return <TableLine line={line} columns={columns ?? []} />
    case 'rule':
      return <hr className="my-3 border-border" />
    case 'blank':
      return <div className="h-3" />
    default:
      return (
        <div className="break-words">
          <Inline text={line.text} />
        </div>
      )
  }
}

const HEADINGS = ['h2', 'h3', 'h4', 'h5', 'h6', 'h6'] as const

function TableLine({ line, columns }: { line: PlanLine & { kind: 'table' }; columns: readonly number[] }) {
  if (line.role === 'rule') return <div className="plan-table-rule h-1.5 border-border border-b" />
  return (
    <div
      className={cn('grid gap-3 py-0.5', line.role === 'head' && 'font-semibold')}
      style={{ gridTemplateColumns: columns.map((part) => `minmax(0, ${part}fr)`).join(' ') }}
    >
      {line.cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the cells of a row are named by their place.
        <span key={index} className="min-w-0 break-words">
          <Inline text={cell} />
        </span>
      ))}
    </div>
  )
}

function Checkbox({ checked }: { checked: boolean }) {
  const Icon = checked ? SquareCheck : Square
  return <Icon className="ml-auto inline size-4" aria-label={checked ? 'done' : 'not done'} />
}

function markerOf(marker: string): string {
  return /^\d/.test(marker) ? marker : '•'
}
