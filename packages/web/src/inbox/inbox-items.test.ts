import type { Ask, Workspace } from '@skein/protocol'
import { expect, test } from 'vitest'
import { inboxOf, nextStop, stopsOf } from './inbox-items.ts'

const ask = (id: string, workspaceId: string, createdAt: number, state: Ask['state'] = 'open') =>
  ({ id, workspaceId, workspaceName: workspaceId, createdAt, state }) as Ask
const workspace = (id: string, status: string, over: Partial<Workspace> = {}) =>
  ({ id, name: id, status: { status }, activeAt: 0, archived: false, state: 'ready', ...over }) as Workspace

test('asks stand by workspace, the one that waits longest first', () => {
  const inbox = inboxOf([ask('3', 'b', 30), ask('1', 'a', 10), ask('2', 'b', 20), ask('4', 'a', 40)], [])
  expect(inbox.asks.map((group) => [group.workspaceId, group.asks.map(({ id }) => id)])).toEqual([
    ['a', ['1', '4']],
    ['b', ['2', '3']],
  ])
})

test('an ask that was answered stays only where it had been shown', () => {
  const asks = [ask('1', 'a', 1, 'answered'), ask('2', 'a', 2, 'answered'), ask('3', 'a', 3)]
  expect(stopsOf(inboxOf(asks, [], new Set(['2'])))).toEqual(['ask 2', 'ask 3'])
})

test('failed workspaces come before those that are ready, and what is put away does not come', () => {
  const inbox = inboxOf(
    [],
    [
      workspace('ready', 'ready_for_review'),
      workspace('failed', 'failed'),
      workspace('away', 'failed', { archived: true }),
      workspace('gone', 'failed', { state: 'removed' }),
      workspace('busy', 'working'),
    ],
  )
  expect(stopsOf(inbox)).toEqual(['workspace failed', 'workspace ready'])
  expect(inbox.working.map(({ id }) => id)).toEqual(['busy'])
})

test.each([
  [undefined, 1, 'a'],
  ['a', 1, 'b'],
  ['b', 1, 'b'],
  ['a', -1, 'a'],
  ['gone', -1, 'a'],
] as const)('from %s by %i the keys lead to %s', (from, by, to) => {
  expect(nextStop(['a', 'b'], from, by)).toBe(to)
})
