import { expect, it } from 'vitest'
import { MarkdownStyler } from './markdown.ts'
import { colourPalette, plainPalette } from './palette.ts'
import { paint } from './row.ts'

const plain = (text: string) => paint(new MarkdownStyler().line(text).row, plainPalette)

it.each([
  ['## A heading ##', 'A heading'],
  ['- **bold** and `code`', '• bold and code'],
  ['  * [x] done', '  • ☑ done'],
  ['12. twelfth', '12. twelfth'],
  ['> quoted', '│ quoted'],
  ['---', '───'],
  ['see [the page](https://example.org/a)', 'see the page (https://example.org/a)'],
  ['2 * 3 * 4 and a_b_c stay', '2 * 3 * 4 and a_b_c stay'],
  ['an unclosed **bold stays', 'an unclosed **bold stays'],
])('%s reads %s', (source, shown) => {
  expect(plain(source)).toBe(shown)
})

it('what stands between fences is left as it is', () => {
  const styler = new MarkdownStyler()
  const lines = ['```js', '# not a heading', '**not bold**', '```', '# a heading']
  expect(lines.map((line) => paint(styler.line(line).row, plainPalette))).toEqual([
    '```js',
    '# not a heading',
    '**not bold**',
    '```',
    'a heading',
  ])
})

it('a fence that is still being written opens nothing', () => {
  const styler = new MarkdownStyler()
  styler.line('```', true)
  expect(paint(styler.line('**bold**').row, plainPalette)).toBe('bold')
})

it('tones become colours and end where they ended', () => {
  expect(paint(new MarkdownStyler().line('a **b** c').row, colourPalette)).toBe('a \x1b[1mb\x1b[22m c')
})
