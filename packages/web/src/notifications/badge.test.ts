import { expect, test } from 'vitest'
import { titleWithCount } from './badge.ts'

test.each([
  ['Skein', 3, '(3) Skein'],
  ['(3) Skein', 4, '(4) Skein'],
  ['(3) Skein', 0, 'Skein'],
  ['fix-login · Skein', 0, 'fix-login · Skein'],
  ['(99+) Skein', 120, '(99+) Skein'],
])('%s with %i waiting is %s', (title, count, expected) => {
  expect(titleWithCount(title, count)).toBe(expected)
})
