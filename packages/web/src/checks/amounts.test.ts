import { expect, test } from 'vitest'
import { ago, duration, memory } from './amounts.ts'

test.each([
  [0, '0.0 s'],
  [-5, '0 s'],
  [9_960, '9.9 s'],
  [41_200, '41 s'],
  [59_999, '59 s'],
  [185_000, '3 min 5 s'],
  [7_200_000, '2 h'],
  [7_800_000, '2 h 10 min'],
  [400_000_000, '4 days'],
])('%i ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test.each([
  [9_000, 'just now'],
  [-60_000, 'just now'],
  [30_000, '30 s ago'],
  [3_600_000 * 3, '3 h ago'],
  [3_600_000 * 30, 'yesterday'],
  [3_600_000 * 50, '2 days ago'],
])('%i ms before now is %s', (ms, text) => {
  expect(ago(0, ms)).toBe(text)
})

test.each([
  [500, '1 kB'],
  [98e6, '98 MB'],
  [1.63e9, '1.6 GB'],
])('%i bytes are %s', (bytes, text) => {
  expect(memory(bytes)).toBe(text)
})
