import type { PatchHunk, Side } from './file-patch.ts'

/** A row of a file's diff that a line cursor can stand on. */
export interface DiffRow {
  side: Side
  line: number
  changed: boolean
}

/** Selected rows of one file; `head` is the end that moves. */
export interface LineSelection {
  path: string
  anchor: Omit<DiffRow, 'changed'>
  head: Omit<DiffRow, 'changed'>
}

/** The rows of a hunk in the order in which a unified diff shows them; unchanged lines count as the new side's. */
export function rowsOfHunk(text: string, hunk: PatchHunk): DiffRow[] {
  const rows: DiffRow[] = []
  let old = hunk.oldStart
  let now = hunk.newStart
  for (const line of text.slice(hunk.from, hunk.to).split('\n').slice(1)) {
    if (line.startsWith('+')) rows.push({ side: 'new', line: now++, changed: true })
    else if (line.startsWith('-')) rows.push({ side: 'old', line: old++, changed: true })
    else if (line.startsWith(' ')) {
      rows.push({ side: 'new', line: now++, changed: false })
      old++
    }
  }
  return rows
}

/** The first and the last changed row of a hunk. */
export function changedEnds(rows: readonly DiffRow[]): { first: DiffRow; last: DiffRow } | undefined {
  const changed = rows.filter((row) => row.changed)
  const first = changed[0] ?? rows[0]
  const last = changed.at(-1) ?? rows.at(-1)
  return first && last ? { first, last } : undefined
}

/** The selection after an arrow key; `extend` (Shift) moves its end only. Stays where it is at the ends of the file's diff. */
export function moveCursor(
  selection: LineSelection,
  rows: readonly DiffRow[],
  step: 1 | -1,
  extend: boolean,
): LineSelection {
  const at = rows.findIndex((row) => row.side === selection.head.side && row.line === selection.head.line)
  const next = rows[at === -1 ? 0 : at + step]
  if (!next) return selection
  const head = { side: next.side, line: next.line }
  // A comment is on one side: a range does not cross to the other.
  if (extend && head.side !== selection.anchor.side) return skipSide(selection, rows, at, step)
  return { path: selection.path, anchor: extend ? selection.anchor : head, head }
}

function skipSide(selection: LineSelection, rows: readonly DiffRow[], at: number, step: 1 | -1): LineSelection {
  for (let index = at + step; rows[index]; index += step) {
    const row = rows[index]
    if (row?.side === selection.anchor.side) return { ...selection, head: { side: row.side, line: row.line } }
  }
  return selection
}

/** The selection as a range of one side; where it spans both, the side of its end. */
export function selectedRange({ anchor, head }: LineSelection): { side: Side; startLine: number; endLine: number } {
  if (anchor.side !== head.side) return { side: head.side, startLine: head.line, endLine: head.line }
  return {
    side: head.side,
    startLine: Math.min(anchor.line, head.line),
    endLine: Math.max(anchor.line, head.line),
  }
}
