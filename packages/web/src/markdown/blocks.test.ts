import { expect, test } from 'vitest'
import { blocksOf, isClosedFence, safeHref, unescapeText } from './blocks.ts'
import { splitUnseen } from './unseen-characters.ts'

test('while a text grows, its finished blocks stay the very same objects, and all are as if read at once', () => {
  const whole = '# One\n\ntext *two*\n\n- a\n- b\n\n```ts\nlet x = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nthe end'
  let blocks = blocksOf('')
  let first: unknown
  for (let length = 1; length <= whole.length; length++) {
    blocks = blocksOf(whole.slice(0, length), blocks)
    expect(blocks.tokens).toEqual(blocksOf(whole.slice(0, length)).tokens)
    if (length === 30) first = blocks.tokens[0]
  }
  expect(blocks.tokens[0]).toBe(first)
  expect(blocks.tokens.map((token) => token.type)).toEqual(blocksOf(whole).tokens.map((token) => token.type))
})

test('a text that is another is read anew', () => {
  expect(blocksOf('b', blocksOf('# a\n\nx\n\ny')).tokens).toMatchObject([{ type: 'paragraph', raw: 'b' }])
})

test.each([
  ['https://example.com/a', 'https://example.com/a'],
  ['mailto:a@example.com', 'mailto:a@example.com'],
  ['javascript:alert(1)', undefined],
  ['JaVa\nScript:alert(1)', undefined],
  ['\u0001javascript:alert(1)', undefined],
  ['data:text/html,<script>', undefined],
  ['vbscript:x', undefined],
  ['file:///etc/passwd', undefined],
  ['//example.com', undefined],
  ['relative/path', undefined],
])('a link to %j leads to %j', (href, leads) => {
  expect(safeHref(href)).toBe(leads)
})

test.each([
  ['```ts\nlet x', false],
  ['```ts\nlet x\n```', true],
  ['```ts\nlet x\n``', false],
  ['````\n```\n', false],
  ['```', false],
  ['    indented', true],
])('the fence %j is closed: %s', (raw, closed) => {
  expect(isClosedFence(raw)).toBe(closed)
})

test('character references are resolved, and what is none stays', () => {
  expect(unescapeText('a &amp; b &lt; &#65;&#x42; &nope; &#0; &#xD800;')).toBe('a & b < AB &nope; &#0; &#xD800;')
})

test('marks that turn the direction of text are shown, and a family stays one emoji', () => {
  expect(splitUnseen('a\u202eb')).toEqual([
    { text: 'a', unseen: false },
    { text: 'U+202E', unseen: true },
    { text: 'b', unseen: false },
  ])
  expect(splitUnseen('👨‍👩‍👧 ok')).toEqual([{ text: '👨‍👩‍👧 ok', unseen: false }])
  expect(splitUnseen('a\u200db').some((part) => part.unseen)).toBe(true)
  expect(splitUnseen('\u001b[31m')[0]).toEqual({ text: 'U+001B', unseen: true })
})
