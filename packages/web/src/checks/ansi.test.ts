import { expect, test } from 'vitest'
import { cssColor, PLAIN, parseAnsi, stripAnsi, styleAfter } from './ansi.ts'

const E = '\x1b'
const lines: [about: string, line: string, spans: ReturnType<typeof parseAnsi>['spans']][] = [
  ['plain text is one span', 'hello', [{ text: 'hello', style: {} }]],
  [
    'a colour lasts until it is reset',
    `${E}[31mred${E}[0m no`,
    [
      { text: 'red', style: { fg: 1 } },
      { text: ' no', style: {} },
    ],
  ],
  [
    'bright colours and several codes at once',
    `${E}[1;92;40mok`,
    [{ text: 'ok', style: { bold: true, fg: 10, bg: 0 } }],
  ],
  ['an empty code is a reset', `${E}[1m${E}[mx`, [{ text: 'x', style: {} }]],
  ['a colour of the 256', `${E}[38;5;208mx`, [{ text: 'x', style: { fg: 208 } }]],
  ['a true colour, then another code', `${E}[38;2;255;0;10;1mx`, [{ text: 'x', style: { fg: '#ff000a', bold: true } }]],
  ['a true colour with colons', `${E}[38:2::1:2:3mx`, [{ text: 'x', style: { fg: '#010203' } }]],
  ['nonsense in a colour is no colour', `${E}[38;2;999;0;0mx`, [{ text: 'x', style: {} }]],
  [
    'cursor moves and clearing the screen do nothing',
    `a${E}[2J${E}[10;10H${E}[?25lb`,
    [
      { text: 'a', style: {} },
      { text: 'b', style: {} },
    ],
  ],
  [
    'a hyperlink leaves its text only',
    `${E}]8;;javascript:alert(1)${E}\\click${E}]8;;${E}\\`,
    [{ text: 'click', style: {} }],
  ],
  ['a window title is dropped', `${E}]0;evil\x07rest`, [{ text: 'rest', style: {} }]],
  ['a torn escape is shown, not obeyed', `x${E}]0;evil`, [{ text: 'x\u241b]0;evil', style: {} }]],
  ['control characters can be seen', 'a\x00b\x07', [{ text: 'a\u2400b\u2407', style: {} }]],
  ['direction overrides can be seen', 'a\u202eb', [{ text: 'a‹U+202E›b', style: {} }]],
  ['a carriage return writes over the line', 'fetch 10%\rfetch 99%', [{ text: 'fetch 99%', style: {} }]],
  ['what is longer stays where the new text ends', 'abcdef\rXY', [{ text: 'XYcdef', style: {} }]],
  ['erasing takes the rest of the line', `abcdef\rXY${E}[K`, [{ text: 'XY', style: {} }]],
  ['the carriage return of a line end is none', 'windows\r', [{ text: 'windows', style: {} }]],
  ['a backspace goes back', 'ab\bc', [{ text: 'ac', style: {} }]],
]

test.each(lines)('%s', (_about, line, spans) => {
  expect(parseAnsi(line).spans).toEqual(spans)
})

test('the style of a line goes on in the next', () => {
  const first = parseAnsi(`${E}[33mwarn`)
  expect(parseAnsi('more', first.end).spans).toEqual([{ text: 'more', style: { fg: 3 } }])
  expect(styleAfter(`${E}[33mwarn`, PLAIN)).toEqual(first.end)
})

test('stripping leaves what a terminal would leave', () => {
  expect(stripAnsi(`${E}[1mone${E}[0m\n10%\r20%\n`)).toBe('one\n20%\n')
})

test('the first sixteen colours are the theme’s', () => {
  expect(cssColor(1)).toBe('var(--ansi-1)')
  expect(cssColor(196)).toBe('rgb(255 0 0)')
  expect(cssColor(255)).toBe('rgb(238 238 238)')
  expect(cssColor('#010203')).toBe('#010203')
})

test('a hostile line of a million escapes is parsed at once', () => {
  const line = `${E}[`.repeat(500_000)
  const before = performance.now()
  parseAnsi(line)
  parseAnsi(`${E}]`.repeat(200_000))
  expect(performance.now() - before).toBeLessThan(5_000)
})
