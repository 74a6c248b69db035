import { describe, expect, it } from 'vitest'
import { findQuote, type LineRange, type QuoteMatch } from './find-quote.ts'

const plan = `# Plan

## Steps
1. Read the configuration from \`config.json\`
2. Validate every field with zod
3. Write the result to the cache

\`\`\`ts
const answer = 42
\`\`\``

const one = (line: number): LineRange => ({ startLine: line, endLine: line })

const cases: {
  name: string
  quote: string
  was: LineRange
  now: string
  is: QuoteMatch
}[] = [
  {
    name: 'the same line at the same place is unchanged',
    quote: '2. Validate every field with zod',
    was: one(5),
    now: plan,
    is: { state: 'unchanged', startLine: 5, endLine: 5 },
  },
  {
    name: 'several lines at the same place are unchanged',
    quote: '```ts\nconst answer = 42\n```',
    was: { startLine: 8, endLine: 10 },
    now: plan,
    is: { state: 'unchanged', startLine: 8, endLine: 10 },
  },
  {
    name: 'a line further down has moved, though its list number changed',
    quote: '2. Validate every field with zod',
    was: one(5),
    now: plan.replace('1. Read', '1. Ask for the path\n2. Read').replace('2. Validate', '3. Validate'),
    is: { state: 'moved', startLine: 6, endLine: 6 },
  },
  {
    name: 'of two equal lines the nearer one counts',
    quote: 'same words here',
    was: one(6),
    now: 'same words here\n\n\n\n\n\nsame words here',
    is: { state: 'moved', startLine: 7, endLine: 7 },
  },
  {
    name: 'a range that moved as a whole stays a range',
    quote: '## Steps\n1. Read the configuration from `config.json`',
    was: { startLine: 3, endLine: 4 },
    now: `Preface\n\n${plan}`,
    is: { state: 'moved', startLine: 5, endLine: 6 },
  },
  {
    name: 'a reworded line has changed',
    quote: '3. Write the result to the cache',
    was: one(6),
    now: plan.replace('3. Write the result to the cache', '3. Write the validated result to a cache on disk'),
    is: { state: 'changed', startLine: 6, endLine: 6 },
  },
  {
    name: 'a line that became other words is gone',
    quote: '3. Write the result to the cache',
    was: one(6),
    now: plan.replace('3. Write the result to the cache', 'Nothing of this remains'),
    is: { state: 'gone' },
  },
  {
    name: 'a lone bracket is not looked for elsewhere',
    quote: '}',
    was: one(2),
    now: 'a\nb\nc\n}',
    is: { state: 'gone' },
  },
  { name: 'everything is gone from an empty text', quote: 'some words', was: one(3), now: '', is: { state: 'gone' } },
  {
    name: 'a quote longer than the text that is left still finds what it was about',
    quote: 'alpha beta gamma\ndelta epsilon',
    was: { startLine: 1, endLine: 2 },
    now: 'alpha beta gamma delta',
    is: { state: 'changed', startLine: 1, endLine: 1 },
  },
]

describe('a quote in a later version of its text', () => {
  it.each(cases)('$name', ({ quote, was, now, is }) => {
    expect(findQuote(quote, was, now.split('\n'))).toEqual(is)
  })

  it('is looked for only in the lines that are known', () => {
    const lines: (string | undefined)[] = [undefined, undefined, 'const answer = 42', undefined]
    expect(findQuote('const answer = 42', one(1), lines)).toEqual({ state: 'moved', startLine: 3, endLine: 3 })
    expect(findQuote('const question = 6', one(1), [undefined, undefined])).toEqual({ state: 'gone' })
  })
})
