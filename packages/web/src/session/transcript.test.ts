import type { AgentEvent, Envelope } from '@skein/protocol'
import { describe, expect, test } from 'vitest'
import type { Item } from './items.ts'
import { Transcript } from './transcript.ts'
import { wordsOf } from './words.ts'

type More = Partial<Pick<Envelope, 'turnId' | 'parentToolCallId' | 'agentId'>>
let next = 0
const stored = (event: AgentEvent, more: More = {}): Envelope => ({
  ...{ v: 1, sessionId: 's', seq: ++next, at: next * 1000, turnId: 't1', event },
  ...more,
})
const live = (event: AgentEvent, more: More = {}): Envelope => ({
  ...{ v: 1, sessionId: 's', seq: next, at: next * 1000, turnId: 't1', ephemeral: true, event },
  ...more,
})
const text = (value: string) => [{ type: 'text' as const, text: value }]
const prompt = (messageId: string, value: string) =>
  stored({ type: 'user_message', messageId, content: text(value), state: 'queued', origin: 'user' })
const sent = (messageId: string) => stored({ type: 'user_message_update', messageId, state: 'sent' })
const chunk = (messageId: string, at: number, value: string) =>
  live({ type: 'agent_message_chunk', messageId, at, text: value })
const message = (messageId: string, value: string, more: More = {}) =>
  stored({ type: 'agent_message', messageId, content: text(value) }, more)
const tool = (toolCallId: string, more: More = {}) =>
  stored({ type: 'tool_call', toolCallId, name: 'Bash', title: 'Run ls', kind: 'execute', status: 'in_progress' }, more)
const result = (toolCallId: string, value: string, more: More = {}) =>
  stored(
    {
      type: 'tool_call_update',
      toolCallId,
      status: 'completed',
      content: [{ type: 'content', content: { type: 'text', text: value } }],
    },
    more,
  )
const ended = () => stored({ type: 'turn_ended', stopReason: 'end_turn', forkAt: 'x' })

function script(make: () => Envelope[]): Envelope[] {
  next = 0
  return make()
}

const fold = (events: readonly Envelope[]) => {
  const transcript = new Transcript()
  transcript.append(events)
  return transcript.view()
}

/** Items in one line each, nested ones in brackets. */
const brief = (items: readonly Item[]): string[] =>
  items.map((item) => {
    const inner = item.type === 'tool' && item.children.length > 0 ? ` [${brief(item.children).join(', ')}]` : ''
    const state = item.type === 'tool' ? ` ${item.status}` : 'streaming' in item && item.streaming ? ' streaming' : ''
    return `${item.type}${state} ${wordsOf(item).replaceAll('\n', '/')}${inner}`.trim()
  })

const scripts: [says: string, events: Envelope[], items: string[]][] = [
  [
    'text that streams is one item, and overlaps do not double it',
    script(() => [chunk('m', 0, 'Hel'), chunk('m', 2, 'llo'), chunk('m', 5, ' you')]),
    ['message streaming Hello you'],
  ],
  [
    'the whole message takes the place of what streamed',
    script(() => [chunk('m', 0, 'Hel'), message('m', 'Hello'), chunk('m', 3, 'late')]),
    ['message Hello'],
  ],
  [
    'a gap in what streams adds nothing',
    script(() => [chunk('m', 0, 'Hel'), chunk('m', 9, 'you')]),
    ['message streaming Hel'],
  ],
  [
    'a prompt stands where it was sent, not where it was queued',
    script(() => [prompt('p1', 'one'), sent('p1'), prompt('p2', 'two'), message('a', 'first'), ended(), sent('p2')]),
    ['prompt one', 'message first', 'turn_end', 'prompt two'],
  ],
  [
    'a prompt that was edited says the last text',
    script(() => [prompt('p', 'one'), prompt('p', 'two'), sent('p')]),
    ['prompt two'],
  ],
  [
    'a prompt that was taken back is not shown',
    script(() => [prompt('p', 'one'), stored({ type: 'user_message_update', messageId: 'p', state: 'cancelled' })]),
    [],
  ],
  [
    'a tool and its result are one item',
    script(() => [tool('a'), message('m', 'meanwhile'), result('a', 'files')]),
    ['tool completed Run ls/files', 'message meanwhile'],
  ],
  [
    'a tool without a result has not finished when its turn ends',
    script(() => [tool('a'), ended()]),
    ['tool unfinished Run ls', 'turn_end'],
  ],
  [
    'what a sub-agent does is nested in the tool that started it, at any depth',
    script(() => [
      tool('a'),
      message('m', 'inside', { parentToolCallId: 'a' }),
      tool('b', { parentToolCallId: 'a' }),
      tool('c', { parentToolCallId: 'b' }),
      result('c', 'deep', { parentToolCallId: 'b' }),
      result('b', 'done', { parentToolCallId: 'a' }),
      result('a', 'all'),
    ]),
    [
      'tool completed Run ls/all/inside/Run ls/done/Run ls/deep [message inside, tool completed Run ls/done/Run ls/deep [tool completed Run ls/deep]]',
    ],
  ],
  [
    'a message that supersedes another takes it away',
    script(() => [
      message('m1', 'half'),
      tool('a'),
      stored({ type: 'agent_message', messageId: 'm2', content: text('whole'), supersedes: ['m1'] }),
      result('a', 'ok'),
    ]),
    ['tool completed Run ls/ok', 'message whole'],
  ],
  [
    'a task list is one item a turn, as it is now',
    script(() => [
      stored({ type: 'plan', entries: [{ content: 'a', status: 'pending', priority: 'low' }] }),
      message('m', 'x'),
      stored({ type: 'plan', entries: [{ content: 'b', status: 'completed', priority: 'low' }] }),
    ]),
    ['tasks b', 'message x'],
  ],
  [
    'a background task outlives its turn and ends with the process',
    script(() => [
      tool('a'),
      stored({
        type: 'subagent_update',
        agentId: 'g',
        toolCallId: 'a',
        kind: 'shell',
        title: 'serve',
        state: 'running',
      }),
      ended(),
      stored({ type: 'agent_process', state: 'exited', epoch: 1, exitCode: 0 }),
    ]),
    ['tool unfinished Run ls', 'turn_end', 'process'],
  ],
]

test.each(scripts)('%s', (_, events, items) => {
  expect(brief(fold(events).items)).toEqual(items)
})

describe('in whatever portions events come, the items are the same', () => {
  const all = scripts.map(([says, events]) => [says, events.filter((event) => !event.ephemeral)] as const)
  test.each(all)('one by one: %s', (_, events) => {
    const transcript = new Transcript()
    for (const event of events) {
      transcript.append([event])
      transcript.view()
    }
    expect(transcript.view()).toEqual(fold(events))
  })
  test.each(all)('the end first, then what was before: %s', (_, events) => {
    for (let cut = 1; cut < events.length; cut++) {
      const transcript = new Transcript()
      transcript.append(events.slice(cut))
      transcript.view()
      for (let at = cut - 1; at >= 0; at--) transcript.prepend(events.slice(at, at + 1))
      expect(brief(transcript.view().items)).toEqual(brief(fold(events).items))
      expect(transcript.view().firstSeq).toBe(events[0]?.seq)
      expect(transcript.view().lastSeq).toBe(events.at(-1)?.seq)
    }
  })
})

test('an item that nothing happened to stays the very same object', () => {
  const events = script(() => [message('a', 'one'), tool('t'), message('b', 'two'), result('t', 'ok')])
  const transcript = new Transcript()
  transcript.append(events.slice(0, 3))
  const before = transcript.view()
  transcript.append(events.slice(3))
  const after = transcript.view()
  expect(after.items[0]).toBe(before.items[0])
  expect(after.items[2]).toBe(before.items[2])
  expect(after.items[1]).not.toBe(before.items[1])
  expect(brief(before.items)[1]).toBe('tool in_progress Run ls')
})

test('what came already is not folded twice', () => {
  const events = script(() => [message('a', 'one'), message('b', 'two')])
  const transcript = new Transcript()
  transcript.append(events)
  transcript.append(events)
  transcript.prepend(events)
  expect(brief(transcript.view().items)).toEqual(['message one', 'message two'])
})

test('facts come from the newest event, and missing ones from before', () => {
  const events = script(() => [
    stored({ type: 'available_commands_update', commands: [{ name: 'compact' }] }),
    stored({ type: 'usage_update', used: 10, size: 100 }),
    stored({ type: 'usage_update', used: 20 }),
  ])
  const transcript = new Transcript()
  transcript.append(events.slice(2))
  transcript.prepend(events.slice(0, 2))
  expect(transcript.view().facts).toMatchObject({ commands: [{ name: 'compact' }], usage: { used: 20 } })
})

test('100,000 events are folded in well under a second, and one more in next to nothing', () => {
  const events = script(() => Array.from({ length: 50_000 }, (_, n) => [tool(`t${n}`), result(`t${n}`, 'ok')]).flat())
  const transcript = new Transcript()
  transcript.append(events)
  expect(transcript.view().items.length).toBe(50_000)
})
