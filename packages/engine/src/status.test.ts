import type { Check, CheckRun, Session } from '@skein/protocol'
import { describe, expect, it } from 'vitest'
import { explain, type StatusFacts } from './status.ts'

const session = (change: Partial<Session>): Session => ({
  id: 's',
  workspaceId: 'w',
  agent: 'claude',
  createdAt: 1,
  state: 'idle',
  seq: 1,
  seenSeq: 0,
  turns: 1,
  queued: 0,
  permissionMode: 'sandboxed',
  usage: { cost: 0, inputTokens: 0, outputTokens: 0 },
  nativeSessionId: 'n',
  ...change,
})
const ended = (stopReason: NonNullable<Session['lastTurn']>['stopReason']) => ({
  id: 't1',
  startedAt: 5,
  endedAt: 9,
  ...(stopReason ? { stopReason } : {}),
})
const facts = (change: Partial<StatusFacts>): StatusFacts => ({
  state: 'ready',
  steps: [],
  sessions: [],
  asks: [],
  problem: undefined,
  changedFiles: undefined,
  checks: [],
  ...change,
})

describe('explain', () => {
  it('puts an open ask before everything, with the ask as evidence', () => {
    const ask = { id: 'ask-1', title: 'Run rm -rf build', kind: 'permission', created_at: 7 }
    const report = explain(facts({ asks: [ask], sessions: [session({ state: 'working' })] }))
    expect(report.status).toBe('needs_you')
    expect(report.because).toBe('asks for permission: Run rm -rf build')
    expect(report.evidence).toEqual([{ what: 'Run rm -rf build', at: 7, ref: 'ask-1' }])
  })

  it('does not say what an agent does on a machine that is out of reach, but what it did', () => {
    const outOfReach = { machine: 'ssh:box', because: 'the link was lost', since: 12 }
    const lastTurn = { id: 't1', startedAt: 5 }
    const report = explain(facts({ outOfReach, sessions: [session({ state: 'working', lastTurn })] }))
    expect(report).toMatchObject({
      status: 'unknown',
      because: 'reconnecting to ssh:box; when it was last heard of, the agent is at work',
      evidence: [{ what: 'the link was lost', at: 12 }, { what: 'turn t1 began' }],
    })
    expect(explain(facts({ outOfReach, sessions: [session({ lastTurn: ended('end_turn') })] })).status).toBe('idle')
  })

  it('names the step that a workspace failed at', () => {
    const report = explain(
      facts({
        state: 'failed',
        problem: { message: 'npm ci ended with exit code 1' },
        steps: [{ name: 'setup', state: 'failed', endedAt: 3 }],
      }),
    )
    expect(report).toEqual({
      status: 'failed',
      because: 'npm ci ended with exit code 1',
      evidence: [{ what: 'step setup failed', at: 3 }],
    })
  })

  it('is working only while a turn or a start says so, with the process as evidence', () => {
    const report = explain(
      facts({
        sessions: [
          session({
            state: 'working',
            lastTurn: { id: 't2', startedAt: 4 },
            process: { epoch: 1, pid: 99, startedAt: 2 },
          }),
        ],
      }),
    )
    expect(report.status).toBe('working')
    expect(report.evidence.map(({ what }) => what)).toEqual(['turn t2 began', 'agent process 99 runs'])
  })

  it('is ready for review when the last turn ended well and changed something', () => {
    expect(explain(facts({ sessions: [session({ lastTurn: ended('end_turn') })], changedFiles: 3 })).because).toBe(
      'the last turn ended well, 3 files changed',
    )
    expect(explain(facts({ sessions: [session({ lastTurn: ended('end_turn') })], changedFiles: 0 })).status).toBe(
      'idle',
    )
  })

  it('says failed for a turn that ended in any other way, and idle for one that was interrupted', () => {
    expect(explain(facts({ sessions: [session({ lastTurn: ended('process_lost') })] })).status).toBe('failed')
    expect(explain(facts({ sessions: [session({ lastTurn: ended('cancelled') })] })).status).toBe('idle')
  })

  it('is unknown, honestly, for a turn whose end nothing recorded', () => {
    expect(explain(facts({ sessions: [session({ lastTurn: ended(undefined) })] })).status).toBe('unknown')
  })

  it('tells what checks of the newest state say, and that one runs', () => {
    const run = (change: Partial<CheckRun>): Pick<Check, 'name' | 'last'> => ({
      name: change.name ?? 'test',
      last: {
        id: 'c',
        workspaceId: 'w',
        name: 'test',
        state: 'passed',
        startedAt: 10,
        cause: 'turn',
        round: 0,
        ...change,
      },
    })
    const after = (checks: StatusFacts['checks']) =>
      explain(facts({ sessions: [session({ lastTurn: ended('end_turn') })], changedFiles: 1, checks }))
    expect(after([run({ state: 'running' })])).toMatchObject({
      status: 'checking',
      because: 'the check test runs',
      evidence: [{ what: 'check test runs', at: 10, ref: 'c' }, {}],
    })
    expect(after([run({ state: 'failed', note: 'exit code 1', endedAt: 12 })])).toMatchObject({
      status: 'ready_for_review',
      because: 'the last turn ended well, 1 file changed; the check test failed',
      evidence: [{ what: 'check test failed: exit code 1', at: 12, ref: 'c' }, {}],
    })
    expect(after([run({})]).because).toBe('the last turn ended well, 1 file changed; its check passed')
    expect(after([run({ state: 'failed', startedAt: 3 })]).because).toBe('the last turn ended well, 1 file changed')
  })
})
