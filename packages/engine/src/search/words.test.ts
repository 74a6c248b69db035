import { describe, expect, it } from 'vitest'
import { snippetOf, wantedIn } from './words.ts'

describe('what is looked for', () => {
  it.each([
    ['hello', '"hello"*', ['hello']],
    ['hello ', '"hello"', ['hello']],
    ['a', '"a"', ['a']],
    ['Foo_bar.baz', '"foo" AND "bar" AND "baz"*', ['foo_bar.baz']],
    ['two words', '"two" AND "words"*', ['two', 'words']],
    ['"as one" more', '"as" AND "one" AND "more"*', ['as one', 'more']],
    ['"not closed', '"not" AND "closed"*', ['not closed']],
    ['Gr\u00fc\u00dfe caf\u00e9', '"gru\u00dfe" AND "cafe"*', ['gru\u00dfe', 'cafe']],
  ])('%j is the query %j', (text, query, words) => {
    expect(wantedIn(text)).toEqual({ query, words })
  })

  it('is nothing where there is no letter and no digit, and no syntax can be smuggled in', () => {
    for (const text of ['', ' ', '"', '*', '-- (', '":"']) expect(wantedIn(text).query).toBeUndefined()
    expect(wantedIn('a" OR b NEAR(c*').query).toBe('"a" AND "or" AND "b" AND "near" AND "c"')
  })
})

describe('a snippet', () => {
  const shown = (text: string, wanted: string) =>
    snippetOf(text, wantedIn(wanted).words)
      ?.map(({ text: part, match }) => (match ? `[${part}]` : part))
      .join('')

  it('marks every word, as it is written there', () => {
    expect(shown('The Caf\u00e9 has cafe and CAFES.', 'cafe')).toBe('The [Caf\u00e9] has [cafe] and [CAFE]S.')
    expect(shown('fold_line folds lines', 'fold_line fold')).toBe('[fold_line] [fold]s lines')
  })

  it('is cut out of a long text, and says so', () => {
    const text = `${'before '.repeat(100)}needle${' after'.repeat(100)}`
    const snippet = shown(text, 'needle') ?? ''
    expect(snippet).toMatch(/^\u2026.*\[needle\].*\u2026$/)
    expect(snippet.length).toBeLessThan(260)
  })

  it('is none where the words stand otherwise than they were typed', () => {
    expect(shown('foo bar', 'foo.bar')).toBeUndefined()
    expect(shown('foo bar', '"bar foo"')).toBeUndefined()
    expect(shown('foo', 'foo bar')).toBeUndefined()
  })
})
