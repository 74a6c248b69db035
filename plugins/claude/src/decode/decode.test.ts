import type { AgentEvent } from '@skein/plugin-api'
import { describe, expect, test } from 'vitest'
import { start } from '../state.ts'
import { eventsOf, foldLines, journal, only } from '../testing/journals.ts'
import { decode } from './decode.ts'

const init = {
  type: 'system',
  subtype: 'init',
  cwd: '/home/user/project',
  session_id: 's',
  model: 'claude-x',
  permissionMode: 'default',
  tools: ['Bash'],
  user_message_uuids: ['m1'],
}
const result = {
  type: 'result',
  subtype: 'success',
  is_error: false,
  num_turns: 1,
  terminal_reason: 'completed',
  stop_reason: 'end_turn',
  result: 'done',
  total_cost_usd: 1,
}

function isEcho(line: string): boolean {
  return line.startsWith('{"type":"control_response"') && !line.includes('"skein:')
}

function recorded(name: string): AgentEvent[] {
  return foldLines(journal(name)).events.map(({ event }) => event)
}

describe('what is not known', () => {
  for (const [line, why] of [
    ['', 'unparsed'],
    ['not json', 'unparsed'],
    ['{"type":"assistant","message":', 'unparsed'],
    ['null', 'unknown'],
    ['[1]', 'unknown'],
    ['{}', 'unknown'],
    ['{"type":"from_next_year","x":1}', 'unknown'],
    ['{"type":"system","subtype":"from_next_year"}', 'unknown'],
    ['{"type":"system","subtype":"constructor"}', 'unknown'],
    ['{"type":"stream_event","event":{"type":"from_next_year"}}', 'unknown'],
    ['{"type":"control_request","request_id":"r","request":{"subtype":"from_next_year"}}', 'unknown'],
    ['{"type":"command_lifecycle","command_uuid":"m","state":"from_next_year"}', 'unknown'],
  ] as const)
    test(`${line || 'an empty line'} is shown as it is`, () => {
      const before = start(1, undefined)
      const { state, events } = decode(before, line)
      const shown = why === 'unparsed' ? line : JSON.parse(line)
      expect(events).toEqual([{ event: { type: 'raw', format: 'claude', line: shown, why } }])
      expect(state).toBe(before)
    })
})

describe('turns', () => {
  const turns = (...lines: unknown[]) =>
    eventsOf(...lines).filter(({ type }) => type === 'turn_started' || type === 'turn_ended')

  test('a second init within a turn begins none', () =>
    expect(turns(init, init, result).map(({ type }) => type)).toEqual(['turn_started', 'turn_ended']))
  test('a second result ends a turn of its own', () =>
    expect(turns(init, result, result).map(({ type }) => type)).toEqual([
      'turn_started',
      'turn_ended',
      'turn_started',
      'turn_ended',
    ]))
  test('a start that failed is no turn', () =>
    expect(turns({ ...result, is_error: true, num_turns: 0, errors: ['No conversation found'] })).toEqual([]))
  test('a turn without a message is a background task’s, if one has ended since', () => {
    const { user_message_uuids: _, ...unprompted } = init
    const ended = { type: 'system', subtype: 'task_notification', task_id: 't', status: 'completed' }
    expect(turns(ended, unprompted)).toMatchObject([{ origin: 'task' }])
    expect(turns(unprompted)).toMatchObject([{ origin: 'schedule' }])
  })
  test('an older version’s turn begins with the messages that were started', () => {
    const { user_message_uuids: _, ...silent } = init
    const started = { type: 'command_lifecycle', command_uuid: 'm7', state: 'started' }
    expect(turns(started, silent)).toMatchObject([{ origin: 'user', messageIds: ['m7'] }])
  })

  for (const [name, line, stopReason] of [
    ['completed', {}, 'end_turn'],
    ['cut off at the token limit', { stop_reason: 'max_tokens' }, 'max_tokens'],
    ['refused', { stop_reason: 'refusal' }, 'refusal'],
    ['aborted while streaming', { terminal_reason: 'aborted_streaming', is_error: true }, 'cancelled'],
    ['aborted in a tool', { terminal_reason: 'aborted_tools' }, 'cancelled'],
    [
      'out of requests',
      { subtype: 'error_max_turns', terminal_reason: undefined, is_error: true },
      'max_turn_requests',
    ],
    ['out of budget', { subtype: 'error_max_budget_usd', terminal_reason: undefined, is_error: true }, 'budget'],
    ['out of context', { terminal_reason: 'prompt_too_long', is_error: true }, 'context_full'],
    ['stopped by a hook', { terminal_reason: 'hook_stopped' }, 'hook'],
    ['failed', { subtype: 'error_during_execution', terminal_reason: undefined, is_error: true }, 'error'],
  ] as const)
    test(`one that is ${name} ends with ${stopReason}`, () => {
      const [ended] = only(eventsOf(init, { ...result, ...line }), 'turn_ended')
      expect(ended?.stopReason).toBe(stopReason)
      expect(ended?.error !== undefined).toBe(stopReason === 'error')
    })

  test('an interrupt of ours makes an error without a name a cancelled turn', () => {
    const reply = { type: 'control_response', response: { subtype: 'success', request_id: 'skein:interrupt::i1' } }
    const failed = { ...result, subtype: 'error_during_execution', terminal_reason: undefined, is_error: true }
    expect(only(eventsOf(init, reply, failed), 'turn_ended')[0]?.stopReason).toBe('cancelled')
  })

  test('costs are those of each turn, also where only the total is told and starts anew', () => {
    const costs = only(
      eventsOf(init, result, init, { ...result, total_cost_usd: 1.25 }, init, { ...result, total_cost_usd: 0.5 }),
      'turn_ended',
    )
    expect(costs.map(({ costDelta }) => costDelta)).toEqual([1, 0.25, 0.5])
  })

  test('a rate limit that ended the turn says when it is lifted', () => {
    const limit = {
      type: 'rate_limit_event',
      rate_limit_info: { status: 'rejected', resetsAt: 1_800_000_000, rateLimitType: 'five_hour' },
    }
    const said = {
      type: 'assistant',
      error: 'rate_limit',
      message: { id: 'x', model: '<synthetic>', content: [{ type: 'text', text: 'Limit reached' }] },
    }
    const events = eventsOf(init, limit, said, { ...result, is_error: true, terminal_reason: 'api_error' })
    expect(only(events, 'rate_limit')).toEqual([
      { type: 'rate_limit', status: 'rejected', window: 'five_hour', resetsAt: 1_800_000_000_000 },
    ])
    expect(only(events, 'turn_ended')[0]?.error).toEqual({
      code: 'rate_limit',
      message: 'Limit reached',
      retryable: true,
      resetsAt: 1_800_000_000_000,
    })
    expect(only(events, 'agent_message')).toEqual([])
  })
})

describe('recorded journals', () => {
  test('a failed request is told as a retry, then as the error of its turn', () => {
    const events = recorded('failure')
    expect(only(events, 'notice')).toMatchObject([{ code: 'overloaded', retry: { attempt: 1, max: 1 } }])
    expect(only(events, 'turn_ended')).toMatchObject([
      { stopReason: 'error', error: { code: 'overloaded', retryable: true } },
    ])
  })

  test('a compaction begins, ends, and says what it saved', () => {
    const updates = only(recorded('compaction'), 'compaction_update')
    expect(updates.map(({ status }) => status)).toEqual(['running', 'completed', 'completed'])
    expect(new Set(updates.map(({ compactionId }) => compactionId)).size).toBe(1)
    expect(updates.at(-1)?.preTokens).toBeGreaterThan(0)
  })

  test('a permission is denied, given and withdrawn', () => {
    const events = recorded('permission')
    expect(only(events, 'permission_request').map(({ title }) => title)).toEqual(
      Array(3).fill('Run echo ran > proof.txt'),
    )
    expect(only(events, 'permission_resolved')).toMatchObject([
      { outcome: 'selected', optionId: 'reject', feedback: 'not before lunch', by: 'user' },
      { outcome: 'selected', optionId: 'allow', by: 'user' },
      { outcome: 'cancelled', by: 'agent' },
    ])
    expect(only(events, 'tool_call_update').map(({ status, denied }) => [status, denied?.by])).toEqual([
      ['failed', 'user'],
      ['completed', undefined],
      ['failed', undefined],
    ])
    expect(only(events, 'turn_ended').map(({ stopReason }) => stopReason)).toEqual([
      'end_turn',
      'end_turn',
      'cancelled',
    ])
  })

  test('without the echo of our answer, the result of the tool resolves the ask', () => {
    const lines = journal('permission').filter((line) => !isEcho(line))
    const events = foldLines(lines).events.map(({ event }) => event)
    expect(only(events, 'permission_resolved')).toMatchObject([
      { optionId: 'reject', feedback: 'not before lunch', by: 'user' },
      { optionId: 'allow', by: 'user' },
      { outcome: 'cancelled' },
    ])
  })

  test('a rule that was chosen is told as the option that it was', () =>
    expect(only(recorded('always'), 'permission_resolved')).toMatchObject([{ optionId: 'always-0' }]))

  test('tools are told by what they do and to what', () => {
    expect(only(recorded('tools'), 'tool_call').map(({ title, kind }) => [title, kind])).toEqual([
      ['Read README.md', 'read'],
      ['Edit README.md', 'edit'],
      ['Write new.txt', 'edit'],
      ['Add task: First', 'think'],
      ['Update task #1', 'think'],
      ['Run ls', 'execute'],
      ['Find *.md', 'search'],
    ])
  })

  test('a new file has no old text, and an edit has its hunks', () => {
    const [, edit, write] = only(recorded('tools'), 'tool_call_update')
    expect(edit?.content?.[0]).toMatchObject({ type: 'diff', hunks: [{ oldStart: 1, newLines: 4 }] })
    expect(write?.content?.[0]).toEqual({
      type: 'diff',
      path: '/home/user/project/new.txt',
      oldText: null,
      newText: 'one\ntwo\n',
    })
  })
})

test('what a later message supersedes is named by its message', () => {
  const said = (uuid: string, id: string, more: object = {}) => ({
    type: 'assistant',
    uuid,
    message: { id, model: 'claude-x', content: [{ type: 'text', text: id }] },
    ...more,
  })
  const events = eventsOf(init, said('u1', 'a'), said('u2', 'b', { supersedes: ['u1'] }))
  expect(only(events, 'agent_message').map(({ messageId, supersedes }) => [messageId, supersedes])).toEqual([
    ['a:0', undefined],
    ['b:0', ['a:0']],
  ])
})

test('blocks of a message that was not streamed are numbered in order', () => {
  const block = (content: object) => ({ type: 'assistant', message: { id: 'a', model: 'x', content: [content] } })
  const events = eventsOf(
    block({ type: 'thinking', thinking: 'hm' }),
    block({ type: 'text', text: 'one' }),
    block({ type: 'text', text: 'two' }),
  )
  expect(events.map((event) => ('messageId' in event ? event.messageId : ''))).toEqual(['a:0', 'a:1', 'a:2'])
})

test('a refused request of ours is told', () => {
  const error = 'Cannot set permission mode to bypassPermissions'
  const response = { subtype: 'error', request_id: 'skein:mode:bypass:1', error, error_code: 'bypass_not_launched' }
  expect(eventsOf({ type: 'control_response', response })).toEqual([
    {
      type: 'notice',
      severity: 'warning',
      title: 'Claude Code did not change the permission mode',
      detail: error,
      code: 'refused_mode',
    },
  ])
})

test('a task that leaves the background without a word is told as stopped', () => {
  const started = {
    type: 'system',
    subtype: 'task_started',
    task_id: 't',
    task_type: 'local_bash',
    description: 'x',
    is_backgrounded: true,
  }
  const events = eventsOf(started, { type: 'system', subtype: 'background_tasks_changed', tasks: [] })
  expect(only(events, 'subagent_update').map(({ state }) => state)).toEqual(['running', 'stopped'])
})

test('a full disk is told as what it is', () =>
  expect(eventsOf({ type: 'system', subtype: 'session_writes_lost' })).toMatchObject([
    { type: 'notice', severity: 'error', code: 'disk_full' },
  ]))
