import { expect, test } from 'vitest'
import { moved, placeAt } from './order.ts'

test('an item moves to another place and the others close up', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
  expect(moved(['a', 'b'], 0, 9)).toEqual(['b', 'a'])
  expect(moved(['a', 'b'], 5, 0)).toEqual(['a', 'b'])
})

test('what is held above the middle of another belongs before it', () => {
  expect(placeAt(5, [10, 20])).toBe(0)
  expect(placeAt(15, [10, 20])).toBe(1)
  expect(placeAt(25, [10, 20])).toBe(2)
})
