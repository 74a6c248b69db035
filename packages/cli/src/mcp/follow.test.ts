import type { ApiResult, Workspace } from '@skein/protocol'
import { afterEach, expect, it, vi } from 'vitest'
import { scriptedSkein, session, workspace } from '../../test/scripted-skein.ts'
import { Caller } from './caller.ts'
import { follow } from './follow.ts'

const working = (name: string) =>
  workspace(name, {
    status: { status: 'working', because: 'the agent is at work', evidence: [] },
    sessions: [session(`s-${name}`, { state: 'working' })],
  })
const ended = { id: 't', startedAt: 1, endedAt: 10, stopReason: 'end_turn' as const }
const done = (name: string) =>
  workspace(name, {
    status: { status: 'ready_for_review', because: 'one file changed', evidence: [] },
    sessions: [session(`s-${name}`, { turns: 1, lastTurn: ended })],
  })
/** Its turn has ended, and what that changed was not looked at yet. */
const endedJustNow = (name: string) => ({
  ...done(name),
  status: { status: 'idle' as const, because: '?', evidence: [] },
})

const change = (one: Workspace): ApiResult<'changes'> => ({ type: 'workspace', workspace: one })
const ready: ApiResult<'changes'> = { type: 'ready' }

interface Answer {
  why: string
  cursor: string
  workspaces: { workspace: string; atWork: boolean }[]
}

function followed(
  workspaces: Workspace[],
  changes: ApiResult<'changes'>[],
  more: { cursor?: string; until?: 'any' | 'all'; waitMs?: number; signal?: AbortSignal; said?: string[] } = {},
): Promise<Answer> {
  const api = scriptedSkein(workspaces, changes)
  const { cursor, until = 'any', waitMs = 60_000, signal = new AbortController().signal, said = [] } = more
  const call = { api, caller: new Caller(api, {}, '/'), signal, progress: (text: string) => void said.push(text) }
  return follow({ workspaces, cursor, until, waitMs }, call) as unknown as Promise<Answer>
}

afterEach(() => vi.useRealTimers())

it('answers as soon as one has news, or, where that is asked, when none is at work', async () => {
  const [a, b] = [working('a'), working('b')]
  const changes = [change(a), change(b), ready, change(done('a')), change(done('b'))]
  const any = await followed([a, b], changes)
  expect(any.why).toBe('a: ready_for_review')
  expect(any.workspaces.map(({ atWork }) => atWork)).toEqual([false, true])
  expect((await followed([a, b], changes, { until: 'all' })).workspaces.map(({ atWork }) => atWork)).toEqual([
    false,
    false,
  ])
})

it('does not tell the same rest twice, but a new one', async () => {
  const first = await followed([done('a'), working('b')], [ready])
  const changes = [ready, change({ ...done('a'), openAsks: 0 }), change(done('b'))]
  const second = await followed([done('a'), working('b')], changes, { cursor: first.cursor })
  expect(second.why).toBe('b: ready_for_review')
  const third = await followed([done('a'), done('b')], [ready], { cursor: second.cursor })
  expect(third.why).toContain('nothing is new')
  const again = done('a')
  const more = { ...again, sessions: again.sessions.map((one) => ({ ...one, turns: 2 })) }
  expect((await followed([more], [ready], { cursor: third.cursor })).why).toBe('a: ready_for_review')
})

it('waits a while for what a turn changed to be looked at', async () => {
  const soon = await followed([working('a')], [ready, change(endedJustNow('a')), change(done('a'))])
  expect(soon.why).toBe('a: ready_for_review')
  vi.useFakeTimers()
  const never = followed([working('a')], [ready, change(endedJustNow('a'))])
  await vi.advanceTimersByTimeAsync(5_000)
  expect((await never).why).toBe('a: idle')
})

it('says when the time is up, tells how it goes meanwhile, and ends when it is cancelled', async () => {
  const said: string[] = []
  const late = await followed([working('a')], [ready], { waitMs: 10, said })
  expect(late.why).toContain('time is up')
  expect(said).toEqual(['a: the agent is at work'])
  const cancelled = followed([working('a')], [ready], { signal: AbortSignal.timeout(10) })
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  await expect(followed([working('a')], [ready], { cursor: 'e30x' })).rejects.toMatchObject({ code: 'invalid' })
})
