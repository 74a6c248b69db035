import { expect, test } from 'vitest'
import { codeOf, importsOf, stringsOf } from './source-text.ts'

test('finds every form of import, with its line', () => {
  const source = [
    "import 'bare'",
    "import { one } from 'named'",
    'import {',
    '  two,',
    "  type three } from 'lines'",
    "export * from './star.ts'",
    "export type { Four } from './type.ts'",
    "const five = await import('dynamic')",
    "type Six = import('in-a-type').Six",
    'import six from "double"',
  ].join('\n')
  expect(importsOf(source).map(({ specifier, line }) => `${line} ${specifier}`)).toEqual([
    '1 bare',
    '2 named',
    '5 lines',
    '6 ./star.ts',
    '7 ./type.ts',
    '8 dynamic',
    '9 in-a-type',
    '10 double',
  ])
})

test('what stands in comments, strings, templates and regular expressions is no import', () => {
  const source = [
    "// import 'a'",
    "/* import 'b'",
    " import 'c' */",
    `const text = "import 'd'"`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source under test is a template
    "const template = `import 'e' ${nested(`import 'f' ${{ a: '}' }.a}`)} import 'g'`",
    "const pattern = /['\"`]import 'h'/g",
    "const ratio = total / count / 2 // import 'i'",
    "Array.from('j')",
    "import 'real'",
  ].join('\n')
  expect(importsOf(source)).toEqual([{ specifier: 'real', line: 9 }])
})

test('code keeps its place', () => {
  const template = (inside: string) => ['`', '$', '{ b }', inside, '`'].join('')
  expect(codeOf(`a /* é\n */ ${template('y')} "c"\n`)).toBe(`a     \n    ${template(' ')} " "\n`)
})

test('strings are found with what stands in them', () => {
  expect(stringsOf(`const a = 'one' // 'no'\nconst b = "it's"`)).toEqual(['one', "it's"])
})
