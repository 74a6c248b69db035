import { expect, test } from 'vitest'
import type { ToolItem } from './items.ts'
import { hunksOf, lastLine, summaryOf } from './tool-summary.ts'

const tool = (more: Partial<ToolItem>): ToolItem => ({
  ...{ key: 't', seq: 1, at: 0, type: 'tool', toolCallId: 't', name: 'Bash', title: 'Run x', kind: 'execute' },
  ...{ status: 'completed', locations: [], content: [], children: [] },
  ...more,
})
const output = (text: string) => [{ type: 'content' as const, content: { type: 'text' as const, text } }]

test.each<[string, Partial<ToolItem>, object]>([
  ['one line is said', { content: output('ok\n') }, { text: 'ok', tone: 'plain' }],
  ['many lines are counted', { content: output('a\nb\nc\n') }, { text: '3 lines' }],
  ['nothing is said to be nothing', {}, { text: 'no output' }],
  [
    'a failure says its last line',
    { status: 'failed', content: output('boom\n\u001b[31mexit 1\u001b[0m\n') },
    { text: 'exit 1', tone: 'failed' },
  ],
  ['a denial says whose', { status: 'failed', denied: { by: 'user' } }, { text: 'denied by you', tone: 'failed' }],
  ['what never ended did not finish', { status: 'unfinished' }, { text: 'did not finish', tone: 'failed' }],
  ['what runs says how long', { status: 'in_progress', elapsedMs: 65_000 }, { text: '1 min 5 s' }],
  [
    'an edit says its size',
    { kind: 'edit', content: [{ type: 'diff', path: 'a', oldText: 'a\nb\nc', newText: 'a\nB\nB2\nc' }] },
    { size: { added: 2, deleted: 1 } },
  ],
])('%s', (_, more, summary) => {
  expect(summaryOf(tool(more))).toMatchObject(summary)
})

test('an edit without hunks shows what changed, with three lines around it', () => {
  const hunks = hunksOf({
    type: 'diff',
    path: 'x',
    oldText: '1\n2\n3\n4\n5\n6\n7\n8\n9',
    newText: '1\n2\n3\n4\nfive\n6\n7\n8\n9',
  })
  expect(hunks.flatMap((hunk) => hunk.lines)).toEqual([' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8'])
})

test('a new file is all added', () => {
  expect(hunksOf({ type: 'diff', path: 'x', oldText: null, newText: 'a\nb\n' })[0]?.lines).toEqual(['+a', '+b'])
})

test('the last line has no colours', () => {
  expect(lastLine('a\n\u001b]0;title\u0007\u001b[1mb\u001b[0m \n\n')).toBe('b')
})
