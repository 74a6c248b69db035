import { expect, it } from 'vitest'
import { clean, cleanLine, cleanText, reveal } from './clean.ts'

it.each([
  ['colours', '\x1b[31mred\x1b[0m', 'red'],
  ['a window title', '\x1b]0;owned\x07text', 'text'],
  ['a hyperlink', '\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\', 'click'],
  ['the clipboard', '\x1b]52;c;aGFjaw==\x07', ''],
  ['cursor movement', 'a\x1b[2J\x1b[1;1Hb\x1b[Kc', 'abc'],
  ['8-bit sequences', '\x9b31mred\x9d0;title\x9cend', 'redend'],
  ['device strings', '\x1bP1$r0m\x1b\\ok\x1b_private\x1b\\', 'ok'],
  ['a reset', '\x1bcafter', 'after'],
  ['backspaces and carriage returns', 'rm -rf\b\b\b\b\b\bls\rls', 'rm -rflsls'],
  ['bidirectional overrides', 'access\u202ecod.exe\u2066\u2069', 'accesscod.exe'],
  ['invisible characters', 'a\u200bb\ufeff\u{e0041}', 'ab'],
  ['a sequence that has no end', 'x\x1b]0;never ends\nnext line', 'x\nnext line'],
])('%s cannot reach the terminal', (_, hostile, harmless) => {
  expect(cleanText(hostile)).toBe(harmless)
})

it('newlines, wide characters and joined emoji stay as they are', () => {
  const text = 'a\nb 日本 👩‍👩‍👧 é'
  expect(cleanText(text)).toBe(text)
  expect(cleanText('a\tb\r\nc')).toBe('a    b\nc')
  expect(cleanLine('a\n  b')).toBe('a b')
})

it('every string inside a value is cleaned', () => {
  expect(clean({ 'a\x1b[1m': ['\x1b]0;x\x07y', { deep: '\u202ez' }], n: 1, no: null })).toEqual({
    a: ['y', { deep: 'z' }],
    n: 1,
    no: null,
  })
})

it('what cannot be seen is shown where a person decides', () => {
  expect(reveal('rm \u202e/x\x1b[8m hidden')).toBe('rm \\u202e/x\\x1b[8m hidden')
})
