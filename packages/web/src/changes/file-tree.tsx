import type { FileChange } from '@skein/protocol'
import { Check, ChevronRight, MessageSquare } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { VList, type VListHandle } from 'virtua'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'
import { LineCounts } from './file-header.tsx'
import { filterChanges, type TreeRow, treeRows } from './file-list.ts'
import { StatusMark } from './status-mark.tsx'

interface FileTreeProps {
  files: readonly FileChange[]
  current: string | undefined
  isViewed(path: string): boolean
  commentsOn(path: string): number
  onShow(path: string): void
}

/** The changed files as a tree, with a filter. Arrow keys move, left and right close and open, Enter shows the file. */
export function FileTree({ files, current, isViewed, commentsOn, onShow }: FileTreeProps) {
  const [words, setWords] = useState('')
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const [active, setActive] = useState<string>()
  const list = useRef<VListHandle>(null)
  const tree = useRef<HTMLDivElement>(null)
  const filtered = useMemo(() => filterChanges(files, words), [files, words])
  const rows = useMemo(() => treeRows(filtered, closed), [filtered, closed])
  const focusAt = Math.max(
    0,
    rows.findIndex((row) => rowKey(row) === (active ?? fileKey(current))),
  )

  useEffect(() => {
    const at = rows.findIndex((row) => rowKey(row) === fileKey(current))
    if (at !== -1) list.current?.scrollToIndex(at, { align: 'nearest' })
  }, [current, rows])

  const move = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))]
    if (!row) return
    setActive(rowKey(row))
    list.current?.scrollToIndex(rows.indexOf(row), { align: 'nearest' })
    requestAnimationFrame(() => {
      for (const element of tree.current?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? []) {
        if (element.dataset.key === rowKey(row)) element.focus()
      }
    })
  }
  const setOpen = (row: TreeRow, open: boolean) => {
    const next = new Set(closed)
    if (open) next.delete(row.path)
    else next.add(row.path)
    setClosed(next)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[focusAt]
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(focusAt + 1),
      ArrowUp: () => move(focusAt - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      ArrowRight: () => (row.kind === 'folder' && !row.open ? setOpen(row, true) : move(focusAt + 1)),
      ArrowLeft: () => (row.kind === 'folder' && row.open ? setOpen(row, false) : move(parentOf(rows, focusAt))),
      Enter: () => (row.kind === 'file' ? onShow(row.path) : setOpen(row, !row.open)),
      ' ': () => (row.kind === 'file' ? onShow(row.path) : setOpen(row, !row.open)),
    }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    event.stopPropagation()
    step()
  }

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="p-2">
        <input
          type="search"
          value={words}
          aria-label="Filter files"
          placeholder="Filter files"
          className="field w-full"
          onChange={(event) => setWords(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') move(0)
            if (event.key === 'Escape') setWords('')
            event.stopPropagation()
          }}
        />
      </div>
      {rows.length === 0 ? (
        <p className="px-3 text-muted text-sm">No file matches.</p>
      ) : (
        <div ref={tree} role="tree" aria-label="Changed files" className="min-h-0 flex-1" onKeyDown={onKeyDown}>
          <VList ref={list} className="h-full px-1 pb-2">
            {rows.map((row, index) => (
              <Row
                key={rowKey(row)}
                row={row}
                tabbable={index === focusAt}
                current={row.kind === 'file' && row.path === current}
                viewed={row.kind === 'file' && isViewed(row.path)}
                comments={row.kind === 'file' ? commentsOn(row.path) : 0}
                onClick={() => {
                  setActive(rowKey(row))
                  if (row.kind === 'file') onShow(row.path)
                  else setOpen(row, !row.open)
                }}
              />
            ))}
          </VList>
        </div>
      )}
    </div>
  )
}

interface RowProps {
  row: TreeRow
  tabbable: boolean
  current: boolean
  viewed: boolean
  comments: number
  onClick(): void
}

function Row({ row, tabbable, current, viewed, comments, onClick }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys for all its rows.
    <div
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={current}
      {...(row.kind === 'folder' ? { 'aria-expanded': row.open } : {})}
      tabIndex={tabbable ? 0 : -1}
      data-key={rowKey(row)}
      className={cn(
        'flex h-7 cursor-pointer items-center gap-1.5 rounded pr-2 text-[0.8125rem]',
        current ? 'bg-selected text-foreground' : 'hover:bg-hover',
      )}
      style={{ paddingLeft: `${row.depth * 12 + 6}px` }}
      title={visibleCharacters(row.path)}
      onClick={onClick}
    >
      {row.kind === 'folder' ? (
        <>
          <ChevronRight className={cn('size-3.5 shrink-0 text-muted', row.open && 'rotate-90')} aria-hidden />
          <span className="truncate text-muted">{visibleCharacters(row.name)}</span>
          {!row.open && <span className="ml-auto text-muted text-xs">{row.files}</span>}
        </>
      ) : (
        <>
          <StatusMark status={row.change.status} />
          <span className={cn('truncate', viewed && 'text-muted', row.change.status === 'deleted' && 'line-through')}>
            {visibleCharacters(row.name)}
          </span>
          <span className="ml-auto flex shrink-0 items-center gap-1.5">
            {comments > 0 && (
              <span className="flex items-center gap-0.5 text-muted text-xs">
                <MessageSquare className="size-3" aria-hidden />
                {comments}
                <span className="sr-only"> comments</span>
              </span>
            )}
            <LineCounts change={row.change} />
            {viewed && <Check className="size-3.5 text-added" aria-label="viewed" />}
          </span>
        </>
      )}
    </div>
  )
}

function rowKey(row: TreeRow): string {
  return row.kind === 'file' ? `file ${row.path}` : `folder ${row.path}`
}

function fileKey(path: string | undefined): string {
  return `file ${path ?? ''}`
}

function parentOf(rows: readonly TreeRow[], at: number): number {
  const depth = rows[at]?.depth ?? 0
  for (let index = at - 1; index >= 0; index--) if ((rows[index]?.depth ?? 0) < depth) return index
  return at
}
