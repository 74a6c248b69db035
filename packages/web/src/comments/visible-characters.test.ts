import { expect, it } from 'vitest'
import { visibleCharacters } from './visible-characters.ts'

it.each([
  ['plain ✓ text\n\twith a tab\r\n', 'plain ✓ text\n\twith a tab\r\n'],
  ['admin\u202e', 'admin⟦U+202E⟧'],
  ['zero\u200bwidth', 'zero⟦U+200B⟧width'],
  ['\u001b[31mred', '⟦U+001B⟧[31mred'],
])('%j is seen as %j', (text, seen) => {
  expect(visibleCharacters(text)).toBe(seen)
})
