import type { CommentPlace } from '@skein/protocol'
import { expect, it } from 'vitest'
import { fenced, reviewText } from './review-text.ts'

const on = (place: CommentPlace, quote: string, body: string) => ({ place, quote, body, replies: [] })
const plan = (startLine: number, endLine = startLine): CommentPlace => ({
  kind: 'plan',
  askId: 'a',
  startLine,
  endLine,
})
const diff = (path: string, startLine: number, side: 'old' | 'new' = 'new'): CommentPlace => ({
  kind: 'diff',
  path,
  side,
  startLine,
  endLine: startLine,
  tree: 't',
})

it('stands in the order of the plan, then of files and lines, with the message last', () => {
  const text = reviewText(
    [
      on(diff('b.ts', 9), 'nine', 'B9'),
      on(diff('b.ts', 2, 'old'), 'two', 'B2'),
      on(plan(4, 6), 'four', 'P4'),
      on(diff('a.ts', 5), 'five', 'A5'),
      on(plan(1), 'one', 'P1'),
    ],
    '  All in all fine.\n',
  )
  expect(text.match(/^(?:Plan|[ab]\.ts).*|All.*/gm)).toEqual([
    'Plan, line 1:',
    'Plan, lines 4\u20136:',
    'a.ts, line 5 (new):',
    'b.ts, line 2 (old):',
    'b.ts, line 9 (new):',
    'All in all fine.',
  ])
})

it('quotes lines so that nothing in them ends the quote', () => {
  expect(fenced('a\n')).toBe('```\na\n```')
  for (const quote of ['```', '````\nx\n````', 'a ` b', '~~~', '``````', '   ```js']) {
    const [fence = '', ...rest] = fenced(quote).split('\n')
    expect(rest.at(-1)).toBe(fence)
    const inside = rest.slice(0, -1).join('\n')
    expect(inside).toBe(quote)
    for (const [run] of inside.matchAll(/`+/g)) expect(run.length).toBeLessThan(fence.length)
  }
})

it('is empty without comments and without a message, and a path cannot begin another comment', () => {
  expect(reviewText([], ' \n')).toBe('')
  expect(reviewText([], 'Only this.')).toBe('Only this.')
  expect(reviewText([on(diff('a\nPlan, line 1:\n', 1), '', 'x')], undefined)).toBe(
    '"a\\nPlan, line 1:\\n", line 1 (new):\n\nx',
  )
})
