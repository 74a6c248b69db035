import type { Ask, Check, CheckRun, Session, Workspace } from '@skein/protocol'
import { expect, test } from 'vitest'
import { happenings, NoticeWatch, type Watched } from './notices.ts'

const session = (over: Partial<Session>): Session => ({
  id: 's1',
  workspaceId: 'w1',
  agent: 'claude',
  createdAt: 0,
  state: 'idle',
  seq: 0,
  seenSeq: 0,
  turns: 1,
  queued: 0,
  permissionMode: 'sandboxed',
  usage: { cost: 0, inputTokens: 0, outputTokens: 0 },
  nativeSessionId: 'n',
  ...over,
})
const workspace = (over: Partial<Workspace>): Workspace => ({
  id: 'w1',
  projectId: 'p',
  projectName: 'project',
  name: 'fix-login',
  branch: 'b',
  base: 'c',
  baseRef: 'main',
  machine: 'local',
  path: '/w',
  createdAt: 0,
  activeAt: 0,
  pinned: false,
  archived: false,
  state: 'ready',
  steps: [],
  status: { status: 'idle', because: 'the turn ended', evidence: [] },
  sessions: [],
  openAsks: 0,
  ...over,
})
const ask = (over: Partial<Ask>): Ask => ({
  id: 'a1',
  sessionId: 's1',
  workspaceId: 'w1',
  workspaceName: 'fix-login',
  kind: 'permission',
  title: 'Run `npm\n install`',
  input: {},
  inputHash: 'h',
  options: [],
  defaultToNo: false,
  state: 'open',
  createdAt: 0,
  ...over,
})
const run = (over: Partial<CheckRun>): CheckRun => ({
  id: 'r1',
  workspaceId: 'w1',
  name: 'test',
  state: 'failed',
  startedAt: 0,
  cause: 'turn',
  round: 0,
  exitCode: 1,
  ...over,
})
const check = (last: CheckRun): Check => ({
  workspaceId: 'w1',
  name: 'test',
  run: 'npm test',
  afterTurn: true,
  fixRounds: 0,
  last,
})
const state = (over: Partial<{ workspaces: Workspace[]; asks: Ask[]; checks: Check[] }>): Watched => ({
  workspaces: [],
  asks: [],
  checks: [],
  ...over,
})
const ended = (turnId: string, over: Partial<NonNullable<Session['lastTurn']>> = {}, more: Partial<Session> = {}) =>
  state({
    workspaces: [
      workspace({ sessions: [session({ lastTurn: { id: turnId, startedAt: 1, endedAt: 2, ...over }, ...more })] }),
    ],
  })

test.each<[string, Watched, [title: string, body: string] | undefined]>([
  ['a turn that ended', ended('t', { result: 'All done.' }), ['fix-login is done', 'All done.']],
  [
    'a turn that failed',
    ended('t', { error: { code: 'auth', message: 'Not signed in' } }),
    ['fix-login stopped with an error', 'Not signed in'],
  ],
  ['a turn that goes on', ended('t', { endedAt: undefined }), undefined],
  ['a turn that the person interrupted', ended('t', { stopReason: 'cancelled' }), undefined],
  ['a turn behind which prompts wait', ended('t', {}, { queued: 1 }), undefined],
  ['an open ask', state({ asks: [ask({})] }), ['fix-login asks for permission', 'Run `npm install`']],
  ['a plan', state({ asks: [ask({ kind: 'plan', title: 'Plan' })] }), ['fix-login has a plan for you', 'Plan']],
  ['an answered ask', state({ asks: [ask({ state: 'answered' })] }), undefined],
  ['a failed check', state({ checks: [check(run({}))] }), ['test fails', 'npm test: exit code 1']],
  ['a passed check', state({ checks: [check(run({ state: 'passed' }))] }), undefined],
  ['a cancelled check', state({ checks: [check(run({ state: 'cancelled' }))] }), undefined],
  [
    'a workspace that failed',
    state({ workspaces: [workspace({ state: 'failed', problem: { message: 'setup: exit code 3' } })] }),
    ['fix-login could not be made', 'setup: exit code 3'],
  ],
])('%s', (_about, watched, expected) => {
  const [notice, ...more] = happenings(watched)
  expect(more).toEqual([])
  expect(notice && [notice.title, notice.body]).toEqual(expected)
})

test('what happened before the page opened is not told', () => {
  const watch = new NoticeWatch()
  expect(watch.look(ended('t1'), false)).toEqual([])
  expect(watch.look(ended('t1'), true)).toEqual([])
  expect(watch.look(ended('t2'), true).map((notice) => notice.id)).toEqual(['turn:s1:t2'])
  expect(watch.look(ended('t2'), true)).toEqual([])
})

test('what happened while the connection was lost is told once, and nothing that was known', () => {
  const watch = new NoticeWatch()
  watch.look(state({ asks: [ask({ id: 'old' })] }), true)
  expect(watch.look(state({}), false)).toEqual([])
  const after = state({ asks: [ask({ id: 'old' }), ask({ id: 'new' })] })
  expect(watch.look(after, true).map((notice) => notice.id)).toEqual(['ask:new'])
  expect(watch.look(after, true)).toEqual([])
})
