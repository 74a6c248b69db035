import { describe, expect, it } from 'vitest'
import { parseCsv } from './csv.ts'
import { plain } from './located.ts'
import { parseYaml } from './yaml.ts'

const yaml = (text: string) => plain(parseYaml(text, 'batch.yaml'))

describe('YAML', () => {
  it('is read as people write it', () => {
    const text = `---
# A migration.
defaults:
  model: sonnet   # the cheaper one
  prompt: |
    Migrate {{package}} to ESM.

      - keep the tests
  note: >-
    folded
    into one

    and another
  allow: [Bash, "Edit, too", 'it''s']
budget: 12.50
version: 1.10
"quoted key": null
url: https://example.com/a#b
requests:
- tag: first
  repo: ../a
  vars: {package: left-pad, deep: {list: [1, 2.5, true, ~]}}
-
  tag: "second\\tü \\u00e9"
  repo: ../b c
  plain: goes on
    and on
- - nested
  - list
`
    expect(yaml(text)).toEqual({
      defaults: {
        model: 'sonnet',
        prompt: 'Migrate {{package}} to ESM.\n\n  - keep the tests\n',
        note: 'folded into one\nand another',
        allow: ['Bash', 'Edit, too', "it's"],
      },
      budget: 12.5,
      version: 1.1,
      'quoted key': null,
      url: 'https://example.com/a#b',
      requests: [
        { tag: 'first', repo: '../a', vars: { package: 'left-pad', deep: { list: [1, 2.5, true, null] } } },
        { tag: 'second\tü é', repo: '../b c', plain: 'goes on and on' },
        ['nested', 'list'],
      ],
    })
  })

  it('keeps how a value was written and where', () => {
    const document = parseYaml('a:\n  version: 1.10\n', 'batch.yaml')
    const a = document.kind === 'map' ? document.entries.get('a')?.value : undefined
    const version = a?.kind === 'map' ? a.entries.get('version') : undefined
    expect(version).toMatchObject({ key: { line: 2, column: 3 }, value: { text: '1.10', line: 2, column: 12 } })
  })

  it('takes JSON', () => {
    const value = { requests: [{ prompt: 'a "b" \n é', n: -1.5e3, list: [], map: {} }, null], deep: { a: [true] } }
    expect(yaml(JSON.stringify(value))).toEqual(value)
    expect(yaml(JSON.stringify(value, null, 2))).toEqual(value)
  })

  it('takes values that are named once and used again, but not without end', () => {
    expect(yaml('all: &all {model: sonnet}\nrequests: [*all, *all]\nversion: !!str 1')).toEqual({
      all: { model: 'sonnet' },
      requests: [{ model: 'sonnet' }, { model: 'sonnet' }],
      version: '1',
    })
    const doubling = Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)
    expect(() => yaml(`a0: &a0 x\n${doubling.join('\n')}`)).toThrow('more than 200000 values')
  })

  it.each([
    ['a: 1\n\tb: 2', '2:1', 'tab'],
    ['a: 1\na: 2', '2:1', 'unique'],
    ['a: *x', '1:4', 'nothing was named "x"'],
    ['? [a]\n: 1', '1:3', 'a key is to be a text'],
    ['a: "open', '1:9', 'missing closing "quote'],
    ['a: [1, 2', '1:9', 'end with a ]'],
    ['a: b: c', '1:4', 'nested mappings'],
    ['a:\n    b: 1\n  c: 2', '3:1', 'same column'],
    ['- a\nb: 1', '2:1', 'unexpected'],
    ['a: 1\n---\nb: 1', '2:1', 'more than one document'],
    ['a: 1\njust text', '2:1', 'keys need to be followed'],
    ['a: | text', '1:6', 'text'],
  ])('refuses %j at %s', (text, place, what) => {
    expect(() => yaml(text)).toThrow(`batch.yaml:${place}: `)
    expect(() => yaml(text)).toThrow(what)
  })
})

describe('CSV', () => {
  const csv = (text: string) => parseCsv(text, 'batch.csv').map(plain)

  it('is read with quotes, newlines in cells, and empty cells left out', () => {
    expect(csv('repo,prompt,tag\r\n../a,"say ""hi"",\nplease",x\r\n\r\n../b,,\n')).toEqual([
      { repo: '../a', prompt: 'say "hi",\nplease', tag: 'x' },
      { repo: '../b' },
    ])
    const [, second] = parseCsv('a,b\n"x\ny",1\nz,2\n', 'batch.csv')
    expect(second).toMatchObject({ line: 4, column: 1 })
  })

  it.each([
    ['a,a\n1,2', '1:3', 'two columns "a"'],
    ['a,\n1,2', '1:3', 'no name'],
    ['a,b\n1,2,3', '2:5', '3 cells'],
    ['a,b\n1,"2', '2:3', 'never closed'],
    ['a,b\n"1"x,2', '2:4', 'follows a closing'],
  ])('refuses %j at %s', (text, place, what) => {
    expect(() => csv(text)).toThrow(`batch.csv:${place}: `)
    expect(() => csv(text)).toThrow(what)
  })
})
