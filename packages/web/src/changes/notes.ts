import type { FileChange } from '@skein/protocol'
import { findQuote } from '../comments/find-quote.ts'
import { type DiffComment, standingOf } from '../comments/place.ts'
import { type FilePatch, linesOfSide, type Side } from './file-patch.ts'
import { aboutFile, type PlacedNote } from './items.ts'

/** A comment that is being written, on lines as they were when it was begun. */
export interface OpenBox {
  id: string
  path: string
  side: Side
  startLine: number
  endLine: number
  quote: string
  tree: string
}

const linesByPatch = new WeakMap<FilePatch, Map<Side, (string | undefined)[]>>()

/** The lines of one side of a patch; read once for each patch. */
export function shownLines(patch: FilePatch, side: Side): (string | undefined)[] {
  const sides = linesByPatch.get(patch) ?? new Map<Side, (string | undefined)[]>()
  linesByPatch.set(patch, sides)
  const lines = sides.get(side) ?? linesOfSide(patch, side)
  sides.set(side, lines)
  return lines
}

/** The lines of a range as a quote, or nothing where the patch does not show them. */
export function quoteOf(patch: FilePatch, side: Side, startLine: number, endLine: number): string | undefined {
  const lines = shownLines(patch, side).slice(startLine - 1, endLine)
  return lines.length === 0 || lines.includes(undefined) ? undefined : lines.join('\n')
}

interface FileToAnnotate {
  change: FileChange
  patch: FilePatch
  comments: readonly DiffComment[]
  boxes: readonly OpenBox[]
}

/** What stands between the lines of a file, and which of its comments have lost their lines. */
export function notesOf({ change, patch, comments, boxes }: FileToAnnotate): {
  notes: PlacedNote[]
  outdated: DiffComment[]
} {
  const notes: PlacedNote[] = []
  const outdated: DiffComment[] = []
  for (const comment of comments) {
    const { side } = comment.place
    const standing = standingOf(comment, shownLines(patch, side))
    if (standing.state === 'outdated') outdated.push(comment)
    else notes.push({ side, line: standing.line, note: { kind: 'comment', commentId: comment.id } })
  }
  let homeless = false
  for (const box of boxes) {
    const match = findQuote(box.quote, box, shownLines(patch, box.side))
    if (match.state === 'gone') homeless = true
    else notes.push({ side: box.side, line: match.endLine, note: { kind: 'box', boxId: box.id } })
  }
  if (outdated.length > 0 || homeless || aboutFile(change, patch) !== undefined) {
    notes.unshift({ side: change.status === 'deleted' ? 'old' : 'new', line: 0, note: { kind: 'file' } })
  }
  return { notes, outdated }
}

/** Whether the lines of a box are still shown; else it is at the head of its file. */
export function hasLines(box: OpenBox, patch: FilePatch): boolean {
  return findQuote(box.quote, box, shownLines(patch, box.side)).state !== 'gone'
}
