import { type AgentEvent, isAnswered, startTracking, track } from '@skein/protocol'
import { expect, it } from 'vitest'
import { Recording } from '../../test/envelopes.ts'

const started = (...messageIds: string[]): AgentEvent => ({ type: 'turn_started', origin: 'user', messageIds })
const ended: AgentEvent = { type: 'turn_ended', stopReason: 'end_turn' }
const message = (messageId: string, state: 'started' | 'completed' | 'cancelled'): AgentEvent => ({
  type: 'user_message_update',
  messageId,
  state,
})

const trackAll = (messageId: string | undefined, events: AgentEvent[], taken = false) => {
  const recording = new Recording()
  for (const event of events) recording.add(event)
  return recording.envelopes.reduce(track, startTracking(messageId, taken))
}

it.each<[string, string | undefined, AgentEvent[], boolean]>([
  ['nothing yet', undefined, [], false],
  ['the first turn runs', undefined, [started('m')], false],
  ['the first turn ended', undefined, [started('m'), ended], true],
  ['a turn that began before ended', 'mine', [ended], false],
  ['another turn ended', 'mine', [started('other'), ended], false],
  ['my turn runs after another', 'mine', [started('other'), ended, started('mine')], false],
  ['my turn ended', 'mine', [started('other'), ended, started('mine'), ended], true],
  ['a background task woke the agent after my turn', 'mine', [started('mine'), ended, started()], false],
  ['my message became a part of the running turn', 'mine', [started('other'), message('mine', 'started'), ended], true],
  ['my message was taken out of the queue', 'mine', [message('mine', 'cancelled')], true],
])('%s', (_, messageId, events, answered) => {
  expect(isAnswered(trackAll(messageId, events))).toBe(answered)
})

it('a turn that was lost is not the end while Skein has it resumed', () => {
  const lost: AgentEvent = { type: 'turn_ended', stopReason: 'process_lost' }
  const resume: AgentEvent = { type: 'user_message', messageId: 'r', content: [], state: 'queued', origin: 'resume' }
  expect(isAnswered(trackAll(undefined, [started('m'), lost, resume]))).toBe(false)
  expect(isAnswered(trackAll(undefined, [started('m'), lost, resume, message('r', 'started')]))).toBe(false)
  expect(isAnswered(trackAll(undefined, [started('m'), lost, resume, started('r'), ended]))).toBe(true)
  expect(isAnswered(trackAll(undefined, [started('m'), lost, resume, message('r', 'cancelled')]))).toBe(true)
})

it('the last end counts, so that a turn that was lost and resumed ends as the resumed one does', () => {
  const lost: AgentEvent = { type: 'turn_ended', stopReason: 'process_lost' }
  const resumed: AgentEvent = { type: 'turn_started', origin: 'resume', messageIds: [] }
  expect(trackAll(undefined, [started('m'), lost, resumed, ended]).ended?.stopReason).toBe('end_turn')
})

it('whoever joins a turn in the middle sees it end', () => {
  expect(isAnswered(trackAll(undefined, [ended], true))).toBe(true)
})

it('requests are open until they are resolved or the turn ends', () => {
  const request = (requestId: string): AgentEvent => ({
    type: 'permission_request',
    requestId,
    toolCallId: 'c',
    toolName: 'Bash',
    title: 'Bash',
    input: {},
    options: [],
  })
  const resolved: AgentEvent = { type: 'permission_resolved', requestId: 'a', outcome: 'selected', by: 'user' }
  expect([...trackAll(undefined, [request('a'), request('b'), resolved]).requests]).toEqual(['b'])
  expect(trackAll(undefined, [started(), request('a'), ended]).requests.size).toBe(0)
})
