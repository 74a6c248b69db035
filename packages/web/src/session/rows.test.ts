import { expect, test } from 'vitest'
import type { Item } from './items.ts'
import { rowOfSeq, rowsOf } from './rows.ts'

const item = (seq: number, type: Item['type'] = 'message') =>
  ({ key: `${type} ${seq}`, seq, at: 0, type, text: '' }) as Item
const keys = (...given: Parameters<typeof rowsOf>) => rowsOf(...given).map(({ key }) => key)

test('the mark stands before the first item that was not seen', () => {
  expect(keys([item(1), item(4), item(9)], 4, false)).toEqual([
    'top',
    'message 1',
    'message 4',
    'seen',
    'message 9',
    'bottom',
  ])
})

test.each([
  ['everything was seen', 9],
  ['nothing was ever seen', 0],
  ['nobody knows what was seen', undefined],
])('there is no mark when %s', (_, seen) => {
  expect(keys([item(1), item(9)], seen, false)).not.toContain('seen')
})

test('lines that the agent’s plugin does not know are shown on request', () => {
  expect(keys([item(1), item(2, 'raw')], undefined, false)).toEqual(['top', 'message 1', 'bottom'])
  expect(keys([item(1), item(2, 'raw')], undefined, true)).toContain('raw 2')
})

test('a permalink leads to the item, or to the one before what it names', () => {
  const rows = rowsOf([item(1), item(4)], undefined, false)
  expect([0, 1, 3, 4, 8].map((seq) => rowOfSeq(rows, seq))).toEqual([0, 1, 1, 2, 2])
})

test('a call that only asks, and a plan that waits, are shown as their ask alone', () => {
  const call = { ...item(1, 'tool'), toolCallId: 'x', status: 'in_progress' } as Item
  const plan = { ...item(2, 'plan'), planId: 'x', state: 'proposed' } as Item
  const ask = { ...item(3, 'ask'), toolCallId: 'x' } as Item
  expect(keys([call, plan, ask], undefined, false)).toEqual(['top', 'ask 3', 'bottom'])
  const decided = { ...plan, state: 'approved' } as Item
  const answered = { ...ask, outcome: { outcome: 'selected', by: 'user' } } as Item
  expect(keys([call, decided, answered], undefined, false)).toEqual(['top', 'plan 2', 'ask 3', 'bottom'])
})
