import { expect, test } from 'vitest'
import { eventsOf, only } from '../testing/journals.ts'

const ask = (request: object) => ({ type: 'control_request', request_id: 'r1', request })
const canUse = (more: object) =>
  ask({ subtype: 'can_use_tool', tool_use_id: 't1', tool_name: 'Bash', input: { command: 'npm test' }, ...more })

test('suggested rules become options with names that say what is allowed, and how long', () => {
  const [request] = only(
    eventsOf(
      canUse({
        permission_suggestions: [
          { type: 'addRules', behavior: 'allow', rules: [{ toolName: 'Bash', ruleContent: 'npm test' }] },
          { type: 'addRules', behavior: 'deny', rules: [{ toolName: 'Bash' }] },
          {
            type: 'addRules',
            behavior: 'allow',
            rules: [{ toolName: 'WebFetch', ruleContent: 'domain:example.com' }],
          },
          { type: 'addRules', behavior: 'allow', rules: [{ toolName: 'Read', ruleContent: '//srv/**' }] },
          { type: 'addDirectories', directories: ['/srv'] },
          { type: 'setMode', mode: 'acceptEdits' },
          { type: 'setMode', mode: 'bypassPermissions' },
        ],
      }),
    ),
    'permission_request',
  )
  expect(request?.options.map(({ name, kind }) => [name, kind])).toEqual([
    ['Allow', 'allow_once'],
    ['Always allow `npm test` in this session', 'allow_always'],
    ['Always allow `example.com` in this session', 'allow_always'],
    ['Always allow Read of `//srv/**` in this session', 'allow_always'],
    ['Allow access to `/srv` in this session', 'allow_always'],
    ['Accept all edits in this session', 'allow_always'],
    ['Reject', 'reject_once'],
  ])
})

test('a rule is not offered where Claude Code says so', () => {
  const suggestion = { type: 'setMode', mode: 'acceptEdits' }
  const [request] = only(
    eventsOf(canUse({ permission_suggestions: [suggestion], suppress_always_allow_rule: true, default_to_no: true })),
    'permission_request',
  )
  expect(request?.options.map(({ kind }) => kind)).toEqual(['allow_once', 'reject_once'])
  expect(request?.defaultToNo).toBe(true)
})

test('what a person decides by has no terminal escapes', () => {
  const esc = '\u001b'
  const [request] = only(
    eventsOf(
      canUse({
        title: `${esc}[31mRun${esc}[0m it${esc}]8;;http://x${esc}\\`,
        decision_reason: `${esc}[2Jsafe`,
        decision_reason_type: 'other',
      }),
    ),
    'permission_request',
  )
  expect(request).toMatchObject({ title: 'Run it', reason: { kind: 'other', text: 'safe' } })
})

test('an MCP server’s form is asked and its answer told', () => {
  const form = {
    subtype: 'elicitation',
    mcp_server_name: 'forms',
    message: 'Your name?',
    requested_schema: { type: 'object', properties: { name: { type: 'string' } } },
  }
  const answer = {
    type: 'control_response',
    response: { subtype: 'success', request_id: 'r1', response: { action: 'accept', content: { name: 'Ada' } } },
  }
  const events = eventsOf(ask(form), answer)
  expect(only(events, 'elicitation_request')).toMatchObject([
    { source: { mcp: 'forms' }, message: 'Your name?', schema: form.requested_schema },
  ])
  expect(only(events, 'elicitation_resolved')).toMatchObject([{ outcome: 'answered', answers: { name: 'Ada' } }])
})

test('an ask that a greeting repeats is not asked again', () => {
  const { request } = canUse({})
  const greeting = {
    type: 'control_response',
    response: {
      subtype: 'success',
      request_id: 'skein:initialize:off:start',
      response: {},
      pending_permission_requests: [{ request_id: 'r1', request }],
    },
  }
  expect(only(eventsOf(canUse({}), greeting), 'permission_request')).toHaveLength(1)
  expect(only(eventsOf(greeting), 'permission_request')).toHaveLength(1)
})
