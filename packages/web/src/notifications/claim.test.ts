import { expect, test } from 'vitest'
import { browserClaims } from './claim.ts'

function storage() {
  const values = new Map<string, string>()
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    values,
  }
}

test('of two tabs one tells a notice', async () => {
  const shared = storage()
  const one = browserClaims(shared, undefined)
  const two = browserClaims(shared, undefined)
  const answers = await Promise.all([one.claim('ask:1'), two.claim('ask:1'), two.claim('ask:2'), one.claim('ask:2')])
  expect(answers).toEqual([true, false, true, false])
})

test('of two tabs that do not see yet what the other one stored, one tells a notice', async () => {
  const held = new Set<string>()
  const request = async (name: string, ...[options, run]: unknown[]) => {
    const work = (run ?? options) as (lock: object | null) => Promise<unknown>
    if (run === undefined) return work({})
    if (held.has(name)) return work(null)
    held.add(name)
    return work({}).finally(() => held.delete(name))
  }
  const locks = { request } as Pick<LockManager, 'request'>
  const answers = await Promise.all([storage(), storage()].map((own) => browserClaims(own, locks).claim('turn:1')))
  expect(answers).toEqual([true, false])
})

test('storage that holds nonsense or refuses is no reason to be silent', async () => {
  const shared = storage()
  shared.values.set('skein.notices.told', '{"not": "a list"}')
  expect(await browserClaims(shared, undefined).claim('x')).toBe(true)
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error('QuotaExceededError')
    },
  }
  expect(await browserClaims(full, undefined).claim('x')).toBe(true)
})

test('what is remembered does not grow without end', async () => {
  const shared = storage()
  const claims = browserClaims(shared, undefined)
  for (let i = 0; i < 1_000; i++) await claims.claim(`turn:${i}`)
  const told: unknown = JSON.parse(shared.values.get('skein.notices.told') ?? '')
  expect(told).toHaveLength(300)
})
