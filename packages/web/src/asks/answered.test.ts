import type { Ask } from '@skein/protocol'
import { expect, test } from 'vitest'
import { endingOf } from './answered.ts'

const ask = (over: Partial<Ask>): Ask => ({
  ...{ id: 'a', sessionId: 's', workspaceId: 'w', workspaceName: 'fix', kind: 'permission', title: 'Run ls' },
  ...{ input: {}, inputHash: 'h', defaultToNo: false, state: 'answered', createdAt: 0 },
  options: [
    { optionId: 'allow', name: 'Allow', kind: 'allow_once' },
    { optionId: 'always-0', name: 'Always allow `ls`', kind: 'allow_always' },
    { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
  ],
  ...over,
})

test('an open ask has not ended', () => {
  expect(endingOf(ask({ state: 'open' }))).toBeUndefined()
})

test.each<[string, Partial<Ask>, string, string[]]>([
  ['an allowance', { answer: { type: 'allow' }, answeredBy: 'ada@laptop' }, 'Allowed by ada@laptop', []],
  [
    'a rule to remember',
    { answer: { type: 'allow', optionId: 'always-0' }, answeredBy: 'user' },
    'Allowed by a person',
    ['Always allow `ls`'],
  ],
  [
    'a denial with a comment',
    { answer: { type: 'deny', feedback: 'use rg' }, answeredBy: 'x' },
    'Denied by x',
    ['use rg'],
  ],
  [
    'a request for changes',
    { kind: 'plan', answer: { type: 'request_changes', feedback: 'smaller' }, answeredBy: 'x' },
    'Changes were requested by x',
    ['smaller'],
  ],
  [
    'a plan approved with edits',
    { kind: 'plan', answer: { type: 'approve_plan', plan: '# p' } },
    'Approved with edits by a person',
    [],
  ],
  [
    'answers',
    { kind: 'question', answer: { type: 'answers', answers: { Which: 'B' } } },
    'Answered by a person',
    ['B'],
  ],
  ['an answer of a kind that this page does not know', { answer: null }, 'Answered by a person', []],
  ['an expired ask', { state: 'expired' }, 'Expired: the agent’s process ended before it was answered.', []],
])('%s is told with who gave it', (_, over, sentence, details) => {
  const ending = endingOf(ask(over))
  expect(ending?.sentence).toBe(sentence)
  expect(ending?.details.map(({ text }) => text)).toEqual(details)
})

test('an answer given in this tab is yours', () => {
  expect(endingOf(ask({ answer: { type: 'allow' }, answeredBy: 'Chrome on Linux' }), true)?.sentence).toBe(
    'Allowed by you',
  )
})
