import type { Status } from '@skein/protocol'
import { expect, test } from 'vitest'
import { arrange } from './arrange.ts'

const workspace = (id: string, status: Status, more: object = {}) => ({
  ...{ id, name: id, branch: `skein/${id}`, projectId: 'p', projectName: 'Shop', createdAt: 1, pinned: false },
  ...{ archived: false, state: 'ready' as const, status: { status, because: 'so', evidence: [] } },
  ...more,
})
const brief = (...given: Parameters<typeof arrange>) =>
  arrange(...given).map(({ title, ids }) => `${title}: ${ids.join(' ')}`)

test('those that need the person come first, then projects by name, then what was put away', () => {
  const all = [
    workspace('idle', 'idle'),
    workspace('ask', 'needs_you', { projectId: 'q', projectName: 'App' }),
    workspace('away', 'needs_you', { archived: true }),
    workspace('other', 'working', { projectId: 'q', projectName: 'App' }),
    workspace('gone', 'idle', { state: 'removed' }),
  ]
  expect(brief(all, [], '')).toEqual(['Needs you: ask', 'App: other', 'Shop: idle', 'Archived: away'])
})

test('within a section: pinned, then by status, then the newest', () => {
  const all = [
    workspace('old', 'working', { createdAt: 1 }),
    workspace('new', 'working', { createdAt: 2 }),
    workspace('ready', 'ready_for_review'),
    workspace('failed', 'failed'),
    workspace('pinned', 'idle', { pinned: true }),
  ]
  expect(brief(all, [], '')).toEqual(['Shop: pinned failed ready new old'])
})

test('a filter looks at name, branch, project and status, each word of it', () => {
  const all = [workspace('login page', 'working'), workspace('logout', 'failed')]
  expect(brief(all, [], 'shop LOG failed')).toEqual(['Shop: logout'])
  expect(brief(all, [], 'nothing')).toEqual([])
})

test('a project without workspaces stands there, so that one can be made', () => {
  expect(brief([], [{ id: 'p', name: 'Shop' }], '')).toEqual(['Shop: '])
  expect(brief([workspace('ask', 'needs_you')], [{ id: 'p', name: 'Shop' }], '')).toEqual(['Needs you: ask'])
})
