import { expect, test } from 'vitest'
import { terminalPicture } from './terminal-picture.ts'

const picture = (screen: string) => terminalPicture(screen, { title: 'a <title>', columns: 40 })

test('every piece of text stands at its column, in its line', () => {
  const svg = picture('one\n  \x1b[31mred\x1b[39m after')
  expect(svg).toContain('<text x="20" y="62" textLength="25.2">one</text>')
  expect(svg).toContain('<text x="36.8" y="81" textLength="25.2" fill="#ff7b72">red</text>')
  expect(svg).toContain('<text x="62" y="81" textLength="50.4">\u00a0after</text>')
})

test('wide characters take two columns', () => {
  expect(picture('漢a\x1b[1mb')).toContain('<text x="45.2" y="62" textLength="8.4" font-weight="bold">b</text>')
})

test('a look goes on until it is changed, over the ends of lines', () => {
  const svg = picture('\x1b[2;3mquiet\nstill\x1b[0mloud')
  expect(svg).toContain(' font-style="italic" opacity="0.6">quiet</text>')
  expect(svg).toContain(' font-style="italic" opacity="0.6">still</text>')
  expect(svg).toContain('textLength="33.6">loud</text>')
})

test.each([
  ['5;1', '#ff7b72'],
  ['5;196', '#ff0000'],
  ['5;244', '#808080'],
  ['2;1;2;255', '#0102ff'],
])('colour 38;%s is %s', (code, colour) => {
  expect(picture(`\x1b[38;${code}mx`)).toContain(`fill="${colour}">x</text>`)
})

test('inverse text is drawn on a box of its colour', () => {
  expect(picture('\x1b[7;32mok')).toMatch(/<rect [^>]*fill="#56d364"\/><text [^>]*fill="#161b22">ok<\/text>/)
})

test('what is text stays text, and other escape sequences are left out', () => {
  const svg = picture('\x1b]8;;https://example.com\x1b\\a & <b>\x1b]8;;\x1b\\\x1b[K')
  expect(svg).toContain('>a\u00a0&amp;\u00a0&lt;b&gt;</text>')
  expect(svg).toContain('aria-label="a &lt;title&gt;"')
  expect(svg).not.toContain('\x1b')
})
