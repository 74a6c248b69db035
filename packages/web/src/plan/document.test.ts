import { describe, expect, it } from 'vitest'
import { type PlanLine, planLines } from './document.ts'

const markdown = `# Cache the configuration

Reading it takes **200 ms**,
each time.

## Steps
1. Read the file
   - keep its [time](https://example.com)

   \`\`\`ts
   const a = 1
     indented()
   \`\`\`
2. [x] Write it

| file | change |
|------|--------|
| a.ts | new \\| old |

> Note well
***
- [ ] open
* other`

const lines = planLines(markdown)
const line = (number: number): PlanLine => {
  const found = lines[number - 1]
  if (!found) throw new Error(`no line ${number}`)
  return found
}
const block = (number: number) => [line(number).blockStart, line(number).blockEnd]

describe('a plan as lines', () => {
  it('has one line for every line of its source', () => {
    expect(lines.map((each) => each.source).join('\n')).toBe(markdown)
    expect(lines.map((each) => each.number)).toEqual(lines.map((_, index) => index + 1))
  })

  it.each([
    [1, { kind: 'heading', level: 1, text: 'Cache the configuration' }],
    [2, { kind: 'blank' }],
    [3, { kind: 'text', text: 'Reading it takes **200 ms**,' }],
    [7, { kind: 'item', marker: '1.', depth: 0, text: 'Read the file' }],
    [8, { kind: 'item', marker: '-', depth: 1 }],
    [10, { kind: 'fence', open: true, language: 'ts', depth: 1 }],
    [11, { kind: 'code', text: 'const a = 1', depth: 1 }],
    [12, { kind: 'code', text: '  indented()' }],
    [13, { kind: 'fence', open: false }],
    [14, { kind: 'item', marker: '2.', checked: true, text: 'Write it' }],
    [16, { kind: 'table', role: 'head', cells: ['file', 'change'] }],
    [17, { kind: 'table', role: 'rule' }],
    [18, { kind: 'table', role: 'row', cells: ['a.ts', 'new | old'] }],
    [20, { kind: 'quote', text: 'Note well' }],
    [21, { kind: 'rule' }],
    [22, { kind: 'item', marker: '-', checked: false, text: 'open' }],
    [23, { kind: 'item', marker: '*', checked: undefined, text: 'other' }],
  ])('line %i', (number, expected) => {
    expect(line(number)).toMatchObject(expected)
  })

  it('knows the block of each line', () => {
    expect(block(3), 'a paragraph').toEqual([3, 4])
    expect(block(7), 'an item with what stands below it').toEqual([7, 13])
    expect(block(11), 'code with its fences').toEqual([10, 13])
    expect(block(17), 'a table').toEqual([16, 18])
    expect(block(6), 'a section').toEqual([6, 23])
  })

  it('reads a fence that never closes to its end', () => {
    const open = planLines('```\na\n# b')
    expect(open.map((each) => each.kind)).toEqual(['fence', 'code', 'code'])
    expect(open[1]).toMatchObject({ blockStart: 1, blockEnd: 3 })
  })

  it('is one empty line when there is nothing', () => {
    expect(planLines('').map((each) => each.kind)).toEqual(['blank'])
  })
})
