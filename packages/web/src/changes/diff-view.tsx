import type { CodeViewLineSelection, FileDiffLoadedFiles, FileDiffMetadata, SelectedLineRange } from '@pierre/diffs'
import { CodeView, type CodeViewHandle, type CodeViewReactOptions } from '@pierre/diffs/react'
import { type Ref, useCallback, useEffectEvent, useImperativeHandle, useMemo, useRef } from 'react'
import { DIFF_THEMES, type DiffPreferences, FILE_HEADER_HEIGHT } from './diff-options.ts'
import './diff-view.css'
import { nameExpandButtons } from './expand-buttons.ts'
import { FileHeader } from './file-header.tsx'
import { FileNote } from './file-note.tsx'
import type { Side } from './file-patch.ts'
import { type DiffItem, isPlaceholder, type NoteSlot } from './items.ts'
import { type LineSelection, selectedRange } from './line-cursor.ts'
import { BoxNote, CommentNote } from './line-notes.tsx'

export interface DiffViewHandle {
  showFile(path: string): void
  showLine(path: string, side: Side, line: number): void
  focus(): void
}

interface DiffViewProps {
  ref: Ref<DiffViewHandle>
  items: readonly DiffItem[]
  preferences: DiffPreferences
  selection: LineSelection | undefined
  onSelect(selection: LineSelection | undefined): void
  /** The plus in the gutter, with the lines that it is about. */
  onComment(selection: LineSelection): void
  /** The file at the top of the view is another one. */
  onCurrentFile(path: string): void
  /** Whole contents, for unchanged lines that a person wants to see. */
  loadFile(diff: FileDiffMetadata): Promise<FileDiffLoadedFiles>
}

/** All files of a diff, one below the other; only what is in view is drawn. */
export function DiffView({ ref, items, preferences, selection, ...actions }: DiffViewProps) {
  const view = useRef<CodeViewHandle<NoteSlot, undefined>>(null)
  const container = useRef<HTMLDivElement>(null)
  const current = useRef('')
  const onComment = useEffectEvent(actions.onComment)
  const loadFile = useEffectEvent(actions.loadFile)
  const { style, wrap } = preferences

  const options = useMemo(
    (): CodeViewReactOptions<NoteSlot, undefined> => ({
      theme: DIFF_THEMES,
      diffStyle: style,
      overflow: wrap ? 'wrap' : 'scroll',
      lineDiffType: 'word',
      maxLineDiffLength: 1000,
      tokenizeMaxLineLength: 1000,
      diffIndicators: 'classic',
      hunkSeparators: 'line-info-basic',
      expansionLineCount: 20,
      stickyHeaders: true,
      enableLineSelection: true,
      enableGutterUtility: true,
      lineHoverHighlight: 'number',
      itemMetrics: { diffHeaderHeight: FILE_HEADER_HEIGHT },
      layout: { paddingTop: 0, paddingBottom: 96, gap: 12 },
      loadDiffFiles: (diff) => loadFile(diff),
      onPostRender: (node: HTMLElement, ...[, , { item }]: [unknown, unknown, { item: unknown }]) => {
        node.toggleAttribute('data-note-only', isDiffItem(item) && isPlaceholder(item.fileDiff))
        nameExpandButtons(node)
      },
      onGutterUtilityClick: (range: SelectedLineRange, context: { item: { id: string } }) =>
        onComment(toSelection(context.item.id, range)),
    }),
    [style, wrap],
  )

  useImperativeHandle(ref, () => ({
    showFile: (path) => view.current?.scrollTo({ type: 'item', id: path, align: 'start', behavior: 'instant' }),
    showLine: (path, side, line) =>
      view.current?.scrollTo({
        ...{ type: 'line', id: path, lineNumber: line, side: toViewSide(side) },
        ...{ align: 'center', behavior: 'instant' },
      }),
    focus: () => container.current?.focus({ preventScroll: true }),
  }))

  const onScroll = useCallback(
    (
      scrollTop: number,
      viewer: { getRenderedItems(): { id: string }[]; getTopForItem(id: string): number | undefined },
    ) => {
      const passed = viewer.getRenderedItems().filter(({ id }) => (viewer.getTopForItem(id) ?? 0) <= scrollTop + 1)
      const path = passed.at(-1)?.id
      if (path === undefined || path === current.current) return
      current.current = path
      actions.onCurrentFile(path)
    },
    [actions.onCurrentFile],
  )

  const containerRef = useCallback((element: HTMLDivElement | null) => {
    container.current = element
    if (!element) return
    element.tabIndex = 0
    element.role = 'region'
    element.ariaLabel = 'Diff'
  }, [])

  return (
    <CodeView<NoteSlot>
      ref={view}
      containerRef={containerRef}
      className="diff-view h-full min-w-0 flex-1 overflow-y-auto overflow-x-hidden"
      items={items}
      options={options}
      selectedLines={selection ? toViewSelection(selection) : null}
      onSelectedLinesChange={(chosen) => actions.onSelect(chosen ? toSelection(chosen.id, chosen.range) : undefined)}
      onScroll={onScroll}
      renderCustomHeader={renderHeader}
      renderAnnotation={renderNote}
    />
  )
}

function isDiffItem(item: unknown): item is DiffItem {
  return typeof item === 'object' && item !== null && 'fileDiff' in item
}

function renderHeader({ id }: { id: string }) {
  return <FileHeader path={id} />
}

function renderNote({ metadata: { note } }: { metadata: NoteSlot }, _file: unknown, { id }: { id: string }) {
  if (note.kind === 'comment') return <CommentNote commentId={note.commentId} />
  if (note.kind === 'box') return <BoxNote boxId={note.boxId} />
  return <FileNote path={id} />
}

function toViewSide(side: Side): 'deletions' | 'additions' {
  return side === 'old' ? 'deletions' : 'additions'
}

function fromViewSide(side: 'deletions' | 'additions' | undefined): Side {
  return side === 'deletions' ? 'old' : 'new'
}

function toSelection(path: string, { start, side, end, endSide }: SelectedLineRange): LineSelection {
  return {
    path,
    anchor: { side: fromViewSide(side), line: start },
    head: { side: fromViewSide(endSide ?? side), line: end },
  }
}

function toViewSelection(selection: LineSelection): CodeViewLineSelection {
  const { side, startLine, endLine } = selectedRange(selection)
  return { id: selection.path, range: { start: startLine, end: endLine, side: toViewSide(side) } }
}
