import { expect, test } from 'vitest'
import { RATES, RateLimits } from './rate.ts'

test('better 6: a hundred calls of one action stay below one a second with bursts of three, others are not held up', () => {
  let now = 0
  const limits = new RateLimits(() => now)
  const waits = Array.from({ length: 100 }, () => limits.reserve('create app', RATES.usual))
  expect(waits.slice(0, 2)).toEqual([0, 0])
  for (let i = 3; i < waits.length; i++) expect((waits[i] ?? 0) - (waits[i - 3] ?? 0)).toBeGreaterThanOrEqual(1000)
  expect(waits.at(-1)).toBeGreaterThan(97_000)
  expect(limits.reserve('create other', RATES.usual)).toBe(0)
  now = 200_000
  expect(limits.reserve('create app', RATES.usual)).toBe(0)
})
