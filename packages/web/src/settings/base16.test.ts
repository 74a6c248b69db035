import { expect, test } from 'vitest'
import { contrast, contrastWarnings, parseBase16 } from './base16.ts'
import { BASE16_SCHEMES } from './base16-schemes.ts'

const hex = ['181818', '282828', '383838', '585858', 'b8b8b8', 'd8d8d8', 'e8e8e8', 'f8f8f8']
const accents = ['ab4642', 'dc9656', 'f7ca88', 'a1b56c', '86c1b9', '7cafc2', 'ba8baf', 'a16946']
const all = [...hex, ...accents].map((value, i) => [`base0${i.toString(16).toUpperCase()}`, value] as const)

test('the old YAML form is read', () => {
  const text = `scheme: "Old One"\nauthor: "Somebody (http://example.org)"\n${all.map(([k, v]) => `${k}: "${v}" # c`).join('\n')}`
  const result = parseBase16(text)
  expect(result).toMatchObject({
    scheme: { name: 'Old One', author: 'Somebody (http://example.org)', variant: 'dark' },
  })
  expect('scheme' in result && result.scheme.palette.base0D).toBe('#7cafc2')
})

test('the new YAML form is read, with variant, palette, and a # before the digits', () => {
  const text = `system: "base16"\nname: 'New'\nvariant: "light"\npalette:\n${all.map(([k, v]) => `  ${k}: "#${v}"`).join('\r\n')}`
  expect(parseBase16(text)).toMatchObject({ scheme: { name: 'New', variant: 'light' } })
})

test('JSON is read, flat or with a palette', () => {
  const palette = Object.fromEntries(all)
  expect(parseBase16(JSON.stringify({ name: 'J', palette }))).toMatchObject({ scheme: { name: 'J' } })
  expect(parseBase16(JSON.stringify({ scheme: 'F', ...palette }))).toMatchObject({ scheme: { name: 'F' } })
})

test('colours without quotes and without six digits are read as they are meant', () => {
  const text = all.map(([k, v], i) => `${k}: ${i === 0 ? '#123' : v}`).join('\n')
  const result = parseBase16(text)
  expect('scheme' in result && result.scheme.palette.base00).toBe('#112233')
})

test.each([
  ['nothing', '  ', /nothing to read/],
  ['text', 'hello there', /No colours/],
  ['broken JSON', '{"a": ', /not JSON/],
  [
    'a colour that is none',
    `${all.map(([k, v]) => `${k}: ${v}`).join('\n')}\nbase03: "url(x)"`,
    /base03 is “url\(x\)”/,
  ],
  [
    'a missing colour',
    all
      .slice(1)
      .map(([k, v]) => `${k}: ${v}`)
      .join('\n'),
    /base00 is missing/,
  ],
])('%s is refused with what is wrong', (_about, text, problem) => {
  const result = parseBase16(text)
  expect('problem' in result && result.problem).toMatch(problem)
})

test('contrast is WCAG’s', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 1)
})

test('text that cannot be read is warned of', () => {
  const result = parseBase16(all.map(([k]) => `${k}: 333333`).join('\n'))
  expect('scheme' in result && contrastWarnings(result.scheme.palette)).toHaveLength(9)
})

test('the bundled schemes are whole and their text can be read', () => {
  expect(BASE16_SCHEMES.length).toBeGreaterThanOrEqual(6)
  for (const scheme of BASE16_SCHEMES) {
    expect(parseBase16(JSON.stringify(scheme))).toEqual({ scheme })
    expect(contrast(scheme.palette.base05, scheme.palette.base00), scheme.name).toBeGreaterThan(4)
  }
})
