import { cut, fail, say, text } from '@skein/testkit'
import { expect, test } from 'vitest'
import { withClaude } from './testing/with-claude.ts'

test('429 and 529 and a cut stream are told as retries, until the answer comes', () =>
  withClaude(
    [fail(429, { retryAfter: 0 }), fail(529, { retryAfter: 0 }), cut(text('half of the ans')), say('at last')],
    async ({ open }) => {
      const session = open().start()
      expect(await session.turn('try')).toMatchObject({
        stopReason: 'end_turn',
        result: expect.stringContaining('at last'),
      })
      const retries = session.all('notice').filter(({ retry }) => retry !== undefined)
      expect(retries.map(({ code }) => code)).toEqual(expect.arrayContaining(['rate_limit', 'overloaded']))
    },
  ))

for (const [status, code, retryable] of [
  [401, 'auth', false],
  [429, 'rate_limit', true],
  [529, 'overloaded', true],
  [400, 'invalid_request', false],
  [404, 'model', false],
] as const)
  test(`a server that goes on to answer ${status} ends the turn with the error ${code}`, () =>
    withClaude(
      () => fail(status, { retryAfter: 0 }),
      async ({ open }) => {
        const session = open().start()
        expect(await session.turn('try')).toMatchObject({ stopReason: 'error', error: { code, retryable } })
      },
    ))
