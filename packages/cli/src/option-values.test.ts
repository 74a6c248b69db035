import { expect, it } from 'vitest'
import { parseCount, parseDollars, parseDuration } from './option-values.ts'

it.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
])('%s is %i milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

it.each(['', '0', '-5', '5x', '1m 30s', 'm', '1000d', 'Infinity'])('“%s” is not a time', (text) => {
  expect(() => parseDuration(text)).toThrow()
})

it('money and counts are above zero', () => {
  expect([parseDollars('$2.50'), parseDollars('0.5'), parseCount('3')]).toEqual([2.5, 0.5, 3])
  for (const text of ['0', '-1', 'x', '$', '']) expect(() => parseDollars(text)).toThrow()
  expect(() => parseCount('1.5')).toThrow()
})
