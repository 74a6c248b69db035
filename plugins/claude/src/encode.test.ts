import type { AgentCommand } from '@skein/plugin-api'
import { describe, expect, test } from 'vitest'
import { encode } from './encode.ts'
import { type ClaudeState, start } from './state.ts'

const state: ClaudeState = { ...start(1, undefined), sandbox: 'on' }

function lines(command: AgentCommand, from: ClaudeState = state) {
  return encode(from, command).lines.map(({ key, line }) => ({ key, ...JSON.parse(line) }))
}

const KEY = /^[a-zA-Z0-9._:-]{1,200}$/
const commands: AgentCommand[] = [
  { type: 'prompt', messageId: 'm1', content: [{ type: 'text', text: 'a\nb' }] },
  { type: 'interrupt', id: 'i1' },
  { type: 'answer_permission', id: 'a1', requestId: 'r1', input: {}, answer: { outcome: 'deny' }, options: [] },
  { type: 'answer_questions', id: 'a2', requestId: 'r2', input: {}, answer: { outcome: 'declined' } },
  { type: 'set_model', id: 's1', model: 'opus' },
  { type: 'set_model', id: 's1', model: null },
  { type: 'set_mode', id: 's2', mode: 'ask' },
  { type: 'set_effort', id: 's3', effort: 'low' },
  { type: 'set_effort', id: 's3', effort: null },
  { type: 'stop_task', id: 's4', agentId: 't1' },
  { type: 'get_context_usage', id: 's5' },
]

for (const [index, command] of commands.entries())
  test(`${index + 1}: ${command.type} is the same lines each time, each of them JSON on one line with a key of its own`, () => {
    const once = encode(state, command)
    expect(encode(state, command)).toEqual(once)
    expect(once.needsRestart ?? false).toBe(false)
    for (const { key, line } of once.lines) {
      expect(key).toMatch(KEY)
      expect(line).not.toContain('\n')
      expect(typeof JSON.parse(line)).toBe('object')
    }
    expect(new Set(once.lines.map(({ key }) => key)).size).toBe(once.lines.length)
  })

test('a plain text is sent as it is, so that commands are seen; more is sent as blocks', () => {
  expect(lines({ type: 'prompt', messageId: 'm1', content: [{ type: 'text', text: '/compact now' }] })).toMatchObject([
    { key: 'm1', uuid: 'm1', type: 'user', message: { role: 'user', content: '/compact now' } },
  ])
  const [sent] = lines({
    type: 'prompt',
    messageId: 'm2',
    content: [
      { type: 'text', text: 'look' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      { type: 'resource_link', uri: 'file:///a.txt', name: 'a.txt' },
    ],
  })
  expect(sent.message.content).toEqual([
    { type: 'text', text: 'look' },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
    { type: 'text', text: '[a.txt](file:///a.txt)' },
  ])
})

describe('permissions', () => {
  const input = { command: 'npm test' }
  const suggestion = {
    type: 'addRules',
    behavior: 'allow',
    rules: [{ toolName: 'Bash' }],
    destination: 'projectSettings',
  }
  const options = [
    { optionId: 'allow', kind: 'allow_once' },
    { optionId: 'always-0', kind: 'allow_always', suggestion },
  ]
  const answer = (given: Extract<AgentCommand, { type: 'answer_permission' }>['answer']) =>
    lines({ type: 'answer_permission', id: 'a1', requestId: 'r1', input, answer: given, options })[0].response

  test('an allowance carries the input', () =>
    expect(answer({ outcome: 'allow', optionId: 'allow' })).toEqual({
      subtype: 'success',
      request_id: 'r1',
      response: { behavior: 'allow', updatedInput: input },
    }))
  test('a changed input replaces it', () =>
    expect(answer({ outcome: 'allow', updatedInput: { command: 'ls' } }).response.updatedInput).toEqual({
      command: 'ls',
    }))
  test('a rule is kept for the session, wherever Claude Code would keep it', () =>
    expect(answer({ outcome: 'allow', optionId: 'always-0' }).response.updatedPermissions).toEqual([
      { ...suggestion, destination: 'session' },
    ]))
  test('a denial gives the comment', () =>
    expect(answer({ outcome: 'deny', feedback: 'no' }).response).toEqual({
      behavior: 'deny',
      message: 'no',
      interrupt: false,
    }))
})

describe('plans', () => {
  const ask = { requestId: 'r1', kind: 'plan' as const, toolCallId: 't1', options: [], plan: '# A', path: '/p.md' }
  const approve = (from: Partial<ClaudeState>, answer: { plan?: string; nextMode?: 'ask' | 'bypass' | 'sandboxed' }) =>
    lines(
      {
        type: 'answer_permission',
        id: 'a1',
        requestId: 'r1',
        input: { plan: '# A', planFilePath: '/p.md' },
        answer: { outcome: 'allow', ...answer },
        options: [],
      },
      { ...state, asks: [ask], ...from },
    )

  test('an approved plan goes on in the sandbox where there is one', () => {
    expect(approve({}, {})).toMatchObject([
      { response: { response: { updatedPermissions: [{ mode: 'acceptEdits' }] } } },
    ])
    expect(approve({ sandbox: 'unavailable' }, {})).toMatchObject([
      { response: { response: { updatedPermissions: [{ mode: 'default' }] } } },
    ])
  })
  test('an edited plan replaces the text and keeps its file', () =>
    expect(approve({}, { plan: '# B' })[0].response.response.updatedInput).toEqual({
      plan: '# B',
      planFilePath: '/p.md',
    }))
  test('a mode without the sandbox switches it off first', () =>
    expect(approve({}, { nextMode: 'ask' })).toMatchObject([
      { key: 'a1:sandbox', request: { subtype: 'apply_flag_settings', settings: { sandbox: { enabled: false } } } },
      { key: 'a1', response: { response: { updatedPermissions: [{ mode: 'default' }] } } },
    ]))
  test('nothing is bypassed where the machine does not keep the agent in', () =>
    expect(() => approve({}, { nextMode: 'bypass' })).toThrow(/not isolated/))
})

test('questions are answered with the questions, a form with its fields', () => {
  const input = { questions: [{ question: 'Which?' }] }
  const answer = { outcome: 'answered' as const, answers: { 'Which?': 'B' } }
  const command: AgentCommand = { type: 'answer_questions', id: 'a1', requestId: 'r1', input, answer }
  expect(lines(command)[0].response.response).toEqual({
    behavior: 'allow',
    updatedInput: { ...input, answers: { 'Which?': 'B' } },
  })
  const form = {
    requestId: 'r1',
    kind: 'form' as const,
    toolCallId: undefined,
    options: [],
    plan: undefined,
    path: undefined,
  }
  const withForm: ClaudeState = { ...state, asks: [form] }
  expect(lines(command, withForm)[0].response.response).toEqual({ action: 'accept', content: { 'Which?': 'B' } })
  expect(lines({ ...command, answer: { outcome: 'declined' } }, withForm)[0].response.response).toEqual({
    action: 'decline',
  })
})
