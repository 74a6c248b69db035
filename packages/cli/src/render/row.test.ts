import { expect, it } from 'vitest'
import { plainPalette } from './palette.ts'
import { fit, paint, row, span, widthOfRow, wrap } from './row.ts'

const TEXT =
  'The quick **brown** fox 日本語日本語 jumps over averyveryverylongwordindeedthatfitsnowhere and 👩‍👩‍👧 rests.'
const painted = (text: string, columns: number, hang = row()) =>
  wrap(row(text), columns, hang).map((line) => paint(line, plainPalette))

it.each([8, 20, 40, 200])('no row is wider than %i columns, and no character is lost', (columns) => {
  const rows = wrap(row(span(TEXT, 'dim')), columns, row('  '))
  for (const line of rows) expect(widthOfRow(line)).toBeLessThanOrEqual(columns)
  const without = (text: string) => text.replace(/\s/g, '')
  expect(without(rows.map((line) => paint(line, plainPalette)).join(''))).toBe(without(TEXT))
})

it('words stay whole where they fit, and further rows hang', () => {
  expect(painted('one two three four', 9)).toEqual(['one two ', 'three ', 'four'].map((line) => line))
  expect(painted('- one two three', 9, row('  '))).toEqual(['- one two', '  three'])
})

it('appending changes only the last row or adds some', () => {
  for (let length = 1; length < TEXT.length; length++) {
    const before = painted(TEXT.slice(0, length), 20)
    const after = painted(TEXT.slice(0, length + 1), 20)
    // A word that grows too long moves to a row of its own, so the row before the last may lose it.
    expect(after.slice(0, Math.max(0, before.length - 2))).toEqual(before.slice(0, Math.max(0, before.length - 2)))
  }
})

it('a row that is too long is cut with an ellipsis across its tones', () => {
  const cut = fit(row(span('abc', 'good'), span('defgh', 'bad')), 6)
  expect(paint(cut, plainPalette)).toBe('abcde…')
  expect(widthOfRow(cut)).toBe(6)
})
