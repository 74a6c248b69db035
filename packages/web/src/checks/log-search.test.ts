import { expect, test } from 'vitest'
import { findRows } from './log-search.ts'

const rows = ['one Two', 'tw\x1b[31mo\x1b[0m', 'three', 'TWO'].map((text) => ({ text, style: {} }))

test.each([
  ['two', [0, 1, 3]],
  ['Two', [0]],
  ['four', []],
  ['', []],
  ['[31m', []],
])('%j is found in rows %j', (text, expected) => {
  expect(findRows(rows, text)).toEqual(expected)
})
