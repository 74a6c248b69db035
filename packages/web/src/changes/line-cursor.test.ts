import { describe, expect, it } from 'vitest'
import { hunksOf, readFilePatch } from './file-patch.ts'
import { changedEnds, type LineSelection, moveCursor, rowsOfHunk, selectedRange } from './line-cursor.ts'

const patch = readFilePatch(`diff --git a/a.ts b/a.ts
index 1..2 100644
--- a/a.ts
+++ b/a.ts
@@ -5,4 +5,5 @@ function a() {
 keep
-old one
-old two
+new one
+new two
+new three
 end
\\ No newline at end of file
`)
const rows = hunksOf(patch).flatMap((hunk) => rowsOfHunk(patch.text, hunk))
const at = (side: 'old' | 'new', line: number): LineSelection => ({
  path: 'a.ts',
  anchor: { side, line },
  head: { side, line },
})

describe('the line cursor of a diff', () => {
  it('goes over the rows as they are shown', () => {
    expect(rows.map((row) => `${row.side} ${row.line}${row.changed ? ' *' : ''}`)).toEqual([
      'new 5',
      'old 6 *',
      'old 7 *',
      'new 6 *',
      'new 7 *',
      'new 8 *',
      'new 9',
    ])
    expect(changedEnds(rows)).toMatchObject({ first: { side: 'old', line: 6 }, last: { side: 'new', line: 8 } })
  })

  it('moves from one side to the other', () => {
    expect(moveCursor(at('old', 7), rows, 1, false)).toEqual(at('new', 6))
    expect(moveCursor(at('new', 6), rows, -1, false)).toEqual(at('old', 7))
  })

  it('stays at the ends', () => {
    expect(moveCursor(at('new', 5), rows, -1, false)).toEqual(at('new', 5))
    expect(moveCursor(at('new', 9), rows, 1, false)).toEqual(at('new', 9))
  })

  it('extends on one side only', () => {
    const once = moveCursor(at('new', 5), rows, 1, true)
    expect(selectedRange(once)).toEqual({ side: 'new', startLine: 5, endLine: 6 })
    expect(selectedRange(moveCursor(at('old', 6), rows, 1, true))).toEqual({ side: 'old', startLine: 6, endLine: 7 })
    expect(selectedRange(moveCursor(at('old', 7), rows, 1, true)), 'no more old lines').toMatchObject({ endLine: 7 })
  })
})
