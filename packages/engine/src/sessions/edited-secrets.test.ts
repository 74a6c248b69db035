import type { ContentBlock } from '@skein/protocol'
import { expect, it } from 'vitest'
import { Redactor } from '../security/redact.ts'
import { withSecrets } from './edited-secrets.ts'

const ONE = 'first-secret-of-ours'
const TWO = 'second-secret-of-ours'
const redactor = new Redactor()
redactor.add(ONE)
redactor.add(TWO)

const words = (...texts: string[]): ContentBlock[] => texts.map((text) => ({ type: 'text', text }))

it.each<[string, ContentBlock[], ContentBlock[], ContentBlock[]]>([
  ['without a secret nothing changes', words('a [redacted] b'), words('x [redacted]'), words('x [redacted]')],
  ['a secret that is left stays', words(`use ${ONE}`), words('please use [redacted]'), words(`please use ${ONE}`)],
  ['it may be named twice', words(`use ${ONE}`), words('[redacted] [redacted]'), words(`${ONE} ${ONE}`)],
  ['it may be taken out', words(`use ${ONE}`), words('use nothing'), words('use nothing')],
  [
    'several stay in their order, over several blocks',
    words(`${ONE} then`, `${TWO}.`),
    words('first [redacted]', 'and [redacted]'),
    words(`first ${ONE}`, `and ${TWO}`),
  ],
  [
    'what the person wrote so stays so',
    words(`[redacted] and ${ONE}`),
    words('x [redacted] and [redacted]'),
    words(`x [redacted] and ${ONE}`),
  ],
])('%s', (_, before, edited, expected) => {
  expect(withSecrets(redactor, before, edited)).toEqual(expected)
})

it('of two secrets, one place does not tell which is meant', () => {
  expect(() => withSecrets(redactor, words(`${ONE} ${TWO}`), words('[redacted]'))).toThrow(/2 secrets, and 1 places/)
})
