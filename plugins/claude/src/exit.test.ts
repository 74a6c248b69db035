import type { ProcessExit } from '@skein/plugin-api'
import { describe, expect, test } from 'vitest'
import { exit } from './exit.ts'
import { type ClaudeState, start } from './state.ts'
import { foldLines, journal } from './testing/journals.ts'

const fresh = start(1, undefined)
const idle = foldLines(journal('text')).state
/** Up to the first line that holds the text. */
const until = (name: string, text: string) =>
  foldLines(journal(name).slice(0, journal(name).findIndex((line) => line.includes(text)) + 1)).state
const asking = until('permission', '"can_use_tool"')
const speaking = until('text', '"text_delta"')
const compacting = until('compaction', '"compacting"')

const how = (more: Partial<ProcessExit>): ProcessExit => ({ code: 1, reason: 'exited', at: 0, ...more })

describe('how to go on', () => {
  for (const [name, state, ended, recovery] of [
    ['at rest', idle, { code: 0 }, { how: 'none' }],
    ['killed at rest', idle, { code: null, signal: 'SIGKILL' }, { how: 'none' }],
    ['killed in a turn', speaking, { code: null, signal: 'SIGKILL' }, { how: 'resume' }],
    ['killed while it asked', asking, { code: 137 }, { how: 'resume' }],
    ['lost with its machine', speaking, { code: null, reason: 'lost' }, { how: 'resume' }],
    ['after a torn line', idle, { reason: 'torn_input' }, { how: 'resume' }],
    ['stopped on request', speaking, { code: null, signal: 'SIGTERM', reason: 'stopped' }, { how: 'none' }],
    ['stopped by a lease', asking, { code: null, reason: 'lease' }, { how: 'none' }],
    ['killed before it said a word', fresh, { code: null, signal: 'SIGKILL' }, { how: 'none' }],
    ['without its conversation', fresh, { stderrTail: 'No conversation found with session ID: x' }, { how: 'new' }],
    ['with its conversation there', fresh, { stderrTail: 'Error: Session ID x is already in use.' }, { how: 'resume' }],
    [
      'not logged in',
      fresh,
      { stderrTail: 'Not logged in · Please run /login' },
      { how: 'give_up', error: { code: 'auth' } },
    ],
    [
      'with bad settings',
      fresh,
      { stderrTail: 'Error: Settings file not found: /x' },
      { how: 'give_up', error: { code: 'startup' } },
    ],
    [
      'too old',
      fresh,
      { stderrTail: "error: unknown option '--forward-subagent-text'" },
      { how: 'give_up', error: { code: 'startup', next: expect.stringContaining('claude update') } },
    ],
    [
      'not executable',
      fresh,
      { code: null, reason: 'start_failed', message: 'EACCES' },
      { how: 'give_up', error: { code: 'startup' } },
    ],
    ['at once', fresh, { code: 3, stderrTail: 'Illegal instruction' }, { how: 'give_up', error: { code: 'process' } }],
  ] as const)
    test(`ended ${name}: ${recovery.how}`, () => {
      const given = exit(state as ClaudeState, how(ended as Partial<ProcessExit>)).recovery
      expect(given).toMatchObject(recovery)
      if (given.how === 'give_up') expect(given.error.next).toMatch(/\w/)
    })

  test('a startup failure that was told in a line is enough', () => {
    const line = {
      type: 'result',
      is_error: true,
      num_turns: 0,
      errors: ['--dangerously-skip-permissions cannot be used with root/sudo privileges'],
      startup_failure_reason: 'bypass_root',
    }
    const { state } = foldLines([JSON.stringify(line)])
    expect(exit(state, how({})).recovery).toMatchObject({
      how: 'give_up',
      error: { code: 'startup', next: expect.stringContaining('root') },
    })
  })
})

describe('what was open', () => {
  test('is closed: calls, asks and the turn, once', () => {
    const { state, events } = exit(asking, how({ code: null, signal: 'SIGKILL' }))
    expect(events.map(({ event }) => event)).toMatchObject([
      { type: 'permission_resolved', outcome: 'expired', by: 'runner' },
      { type: 'tool_call_update', status: 'failed' },
      { type: 'turn_ended', stopReason: 'process_lost', error: { code: 'process', retryable: true } },
    ])
    expect(exit(state, how({ code: null })).events).toEqual([])
  })

  test('ends as cancelled if it was interrupted before', () => {
    const reply = { type: 'control_response', response: { subtype: 'success', request_id: 'skein:interrupt::i1' } }
    const { state } = foldLines([JSON.stringify(reply)], speaking)
    expect(exit(state, how({ code: null, signal: 'SIGKILL' })).events.at(-1)?.event).toMatchObject({
      type: 'turn_ended',
      stopReason: 'cancelled',
    })
  })

  test('a compaction that was under way has failed', () =>
    expect(exit(compacting, how({ code: null })).events.map(({ event }) => event)).toMatchObject([
      { type: 'compaction_update', status: 'failed' },
    ]))

  test('is nothing, at rest', () => expect(exit(idle, how({ code: 0 })).events).toEqual([]))
})

test('messages that only lay in the queue are not known any more; with a new conversation none is', () => {
  const state: ClaudeState = {
    ...idle,
    messages: [
      { id: 'a', state: 'started' },
      { id: 'b', state: 'sent' },
    ],
  }
  expect(exit(state, how({ code: null })).state.messages.map(({ id }) => id)).toEqual(['a'])
  expect(exit(state, how({ stderrTail: 'No conversation found' })).state.messages).toEqual([])
})

test('totals, the task list and known messages go on in the next epoch; nothing is open in it', () => {
  const next = start(2, asking)
  expect(next).toMatchObject({ epoch: 2, cost: asking.cost, messages: asking.messages, taskList: asking.taskList })
  expect(next).toMatchObject({ ready: false, turn: undefined, asks: [], tools: [], streams: [], tasks: [] })
})
