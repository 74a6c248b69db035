import { expect, it } from 'vitest'
import { pad, truncate, width } from './width.ts'

it.each([
  ['ascii', 5],
  ['日本語', 6],
  ['한국', 4],
  ['é', 1],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  ['🧶', 2],
  ['❤️', 2],
  ['⠋ ✓ ✗ …', 7],
  ['ｆｕｌｌ', 8],
  ['', 0],
])('%s takes %i columns', (text, columns) => {
  expect(width(text)).toBe(columns)
})

it('a text is cut at a whole character, never in the middle of a wide one', () => {
  expect(truncate('日本語', 6)).toBe('日本語')
  expect(truncate('日本語', 5)).toBe('日本…')
  expect(truncate('日本語', 4)).toBe('日…')
  expect(truncate('👩‍👩‍👧 family', 3)).toBe('👩‍👩‍👧…')
  expect(truncate('abc', 0)).toBe('')
  expect(pad('日本', 6)).toBe('日本  ')
})
