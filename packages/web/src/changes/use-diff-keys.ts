import type { FileChange } from '@skein/protocol'
import type { RefObject } from 'react'
import { useShortcut } from '../keys/use-shortcut.ts'
import type { DiffPreferences } from './diff-options.ts'
import type { DiffViewHandle } from './diff-view.tsx'
import { hunkAt, hunksOf } from './file-patch.ts'
import { changedEnds, type DiffRow, type LineSelection, moveCursor, rowsOfHunk } from './line-cursor.ts'
import type { Review } from './review.ts'

interface DiffKeys {
  review: Review
  files: readonly FileChange[]
  current: string | undefined
  selection: LineSelection | undefined
  preferences: DiffPreferences
  narrow: boolean
  setSelection(selection: LineSelection | undefined): void
  setPreferences(preferences: DiffPreferences): void
  comment(selection: LineSelection): void
  showFile(path: string): void
  view: RefObject<DiffViewHandle | null>
}

/** The keyboard's way through a diff: files, hunks, lines, and what is done with them. */
export function useDiffKeys({ review, files, selection, preferences, view, ...keys }: DiffKeys): void {
  const path = selection?.path ?? keys.current ?? files[0]?.path
  const group = 'Changes'

  const stepFile = (step: 1 | -1) => {
    const at = files.findIndex((file) => file.path === path)
    const next = files[Math.max(0, Math.min(files.length - 1, at + step))]
    if (!next) return
    keys.setSelection(undefined)
    keys.showFile(next.path)
  }
  const select = (next: LineSelection) => {
    keys.setSelection(next)
    view.current?.showLine(next.path, next.head.side, next.head.line)
  }
  const stepHunk = (step: 1 | -1) => {
    const next = hunkAfter(review, files, path, selection, step)
    if (next) select(next)
  }
  const stepLine = (step: 1 | -1, extend: boolean) => {
    if (selection) select(moveCursor(selection, rowsOfFile(review, selection.path), step, extend))
  }

  useShortcut({ keys: 'j', label: 'Next file', group, run: () => stepFile(1) })
  useShortcut({ keys: 'k', label: 'Previous file', group, run: () => stepFile(-1) })
  useShortcut({ keys: 'n', label: 'Next hunk', group, run: () => stepHunk(1) })
  useShortcut({ keys: 'p', label: 'Previous hunk', group, run: () => stepHunk(-1) })
  useShortcut({
    ...{ keys: 'v', label: 'Mark the file as viewed, and go to the next', group },
    run: () => {
      if (path === undefined) return
      const viewed = review.isViewed(path)
      review.setViewed(path, !viewed)
      if (!viewed) stepFile(1)
    },
  })
  useShortcut({
    keys: 'c',
    label: 'Comment on the selected lines',
    group,
    run: () => selection && keys.comment(selection),
  })
  useShortcut({
    ...{ keys: 's', label: 'Split or unified view', group, when: !keys.narrow },
    run: () => keys.setPreferences({ ...preferences, style: preferences.style === 'split' ? 'unified' : 'split' }),
  })
  useShortcut({
    ...{ keys: 'w', label: 'Ignore white space or not', group },
    run: () => keys.setPreferences({ ...preferences, ignoreWhitespace: !preferences.ignoreWhitespace }),
  })
  const when = selection !== undefined
  useShortcut({ keys: 'arrowdown', label: 'Next line', group, when, run: () => stepLine(1, false) })
  useShortcut({ keys: 'arrowup', label: 'Previous line', group, when, run: () => stepLine(-1, false) })
  useShortcut({ keys: 'shift+arrowdown', label: 'Select one line more', group, when, run: () => stepLine(1, true) })
  useShortcut({ keys: 'shift+arrowup', label: 'Select one line less', group, when, run: () => stepLine(-1, true) })
  useShortcut({ keys: 'escape', label: 'Clear the selection', group, when, run: () => keys.setSelection(undefined) })
}

function rowsOfFile(review: Review, path: string): DiffRow[] {
  const patch = review.patchOf(path)
  return patch ? hunksOf(patch).flatMap((hunk) => rowsOfHunk(patch.text, hunk)) : []
}

/** The changed lines of the hunk before or after the selection, in this file or the nearest one that has any. */
function hunkAfter(
  review: Review,
  files: readonly FileChange[],
  path: string | undefined,
  selection: LineSelection | undefined,
  step: 1 | -1,
): LineSelection | undefined {
  const at = files.findIndex((file) => file.path === path)
  for (let index = Math.max(0, at); files[index]; index += step) {
    const file = files[index]
    const patch = file && review.patchOf(file.path)
    // What is closed was closed on purpose; `j` and `k` still come to it.
    if (!file || !patch || review.isCollapsed(file.path)) continue
    const hunks = hunksOf(patch)
    const here = selection?.path === file.path ? hunkAt(hunks, selection.head.side, selection.head.line) : undefined
    const hunk = here ? hunks[here.index + step] : hunks.at(step === 1 ? 0 : -1)
    const ends = hunk && changedEnds(rowsOfHunk(patch.text, hunk))
    if (ends) {
      const { side, line } = ends.first
      const last = ends.last.side === side ? ends.last.line : line
      return { path: file.path, anchor: { side, line }, head: { side, line: last } }
    }
  }
  return undefined
}
