import type { SearchHit } from '@skein/protocol'
import { expect, test } from 'vitest'
import { groupHits } from './hit-groups.ts'

const hit = (sessionId: string, seq: number): SearchHit => ({
  projectId: 'p',
  workspaceId: `w-${sessionId}`,
  workspaceName: `workspace of ${sessionId}`,
  sessionId,
  seq,
  at: 0,
  kind: 'answer',
  snippet: [{ text: 'x', match: true }],
})

test('hits stand with their session, sessions in the order of their first hit', () => {
  const groups = groupHits([hit('b', 9), hit('a', 4), hit('b', 2), hit('a', 3)])
  expect(groups.map((group) => [group.sessionId, group.hits.map((one) => one.seq)])).toEqual([
    ['b', [9, 2]],
    ['a', [4, 3]],
  ])
})

test('a hit that two pages hold is listed once', () => {
  expect(groupHits([hit('a', 1), hit('a', 1)])[0]?.hits).toHaveLength(1)
})
