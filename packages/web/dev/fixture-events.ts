import type { AgentEvent, Envelope } from '@skein/protocol'
import { ENDINGS, MESSAGES, PROMPTS } from './fixture-texts.ts'

/** Writes a session's transcript, as long and as nasty as wanted. */
export function fixtureEvents(sessionId: string, turns: number): Envelope[] {
  const start = Date.now() - turns * 240_000
  const events: Envelope[] = []
  let at = start
  let turnId = ''
  const add = (event: AgentEvent, more: Partial<Envelope> = {}) => {
    at += 900 + ((events.length * 7919) % 4000)
    events.push({
      v: 1,
      sessionId,
      seq: events.length + 1,
      at: Math.min(at, Date.now()),
      ...(turnId ? { turnId } : {}),
      event,
      ...more,
    })
  }
  const text = (value: string) => [{ type: 'text' as const, text: value }]
  add({
    type: 'session_info_update',
    model: 'claude-opus-4-5',
    models: [
      { id: 'claude-opus-4-5', name: 'Opus 4.5' },
      { id: 'claude-sonnet-4-5', name: 'Sonnet 4.5' },
    ],
  })
  add({
    type: 'available_commands_update',
    commands: [
      { name: 'compact', description: 'Make room in the context', hint: 'what to keep' },
      { name: 'review', description: 'Review the changes' },
      { name: 'init', description: 'Write CLAUDE.md' },
    ],
  })
  for (let turn = 0; turn < turns; turn++) {
    turnId = `turn-${turn}`
    const id = (name: string) => `${name}-${turn}`
    add({
      type: 'user_message',
      messageId: id('p'),
      content: text(PROMPTS[turn % PROMPTS.length] ?? ''),
      state: 'sent',
      origin: 'user',
    })
    add({ type: 'turn_started', origin: 'user', messageIds: [id('p')] })
    add({
      type: 'agent_thought',
      messageId: id('th'),
      content: text(
        'The settings are read in `start()` and again in each request. I should look at who calls `readSettings` before I change it.',
      ),
    })
    add({
      type: 'tool_call',
      toolCallId: id('grep'),
      name: 'Grep',
      title: 'Search for readSettings in src',
      kind: 'search',
      status: 'in_progress',
      rawInput: { pattern: 'readSettings', path: 'src' },
    })
    add({
      type: 'tool_call_update',
      toolCallId: id('grep'),
      status: 'completed',
      content: [
        { type: 'content', content: { type: 'text', text: 'src/server.ts:14\nsrc/request.ts:8\nsrc/settings.ts:31' } },
      ],
    })
    add({ type: 'agent_message', messageId: id('m1'), content: text(MESSAGES[turn % MESSAGES.length] ?? '') })
    add({
      ...{
        type: 'tool_call',
        toolCallId: id('edit'),
        name: 'Edit',
        title: 'Edit src/settings.ts',
        kind: 'edit',
        status: 'in_progress',
      },
      locations: [{ path: 'src/settings.ts' }],
      content: [
        {
          type: 'diff',
          path: 'src/settings.ts',
          oldText: 'return read(path)',
          newText: 'cached ??= read(path)\nreturn cached',
        },
      ],
    })
    add({
      ...{ type: 'tool_call_update', toolCallId: id('edit'), status: 'completed' },
      content: [
        {
          ...{ type: 'diff', path: 'src/settings.ts' },
          hunks: [
            {
              oldStart: 28,
              oldLines: 5,
              newStart: 28,
              newLines: 7,
              lines: [
                ' ',
                '+let cached: Settings | undefined',
                '+',
                ' export function readSettings(path: string): Settings {',
                '-  return read(path)',
                '+  cached ??= read(path)',
                '+  return cached',
                ' }',
              ],
            },
          ],
        },
      ],
    })
    add({
      type: 'tool_call',
      toolCallId: id('test'),
      name: 'Bash',
      title: 'Run npm test',
      kind: 'execute',
      status: 'in_progress',
      rawInput: { command: 'npm test -- --run settings', description: 'Run the tests' },
    })
    add({
      ...{ type: 'tool_call_update', toolCallId: id('test'), status: turn % 3 === 1 ? 'failed' : 'completed' },
      content: [
        {
          type: 'content',
          content: {
            type: 'text',
            text:
              turn % 3 === 1
                ? '\u001b[31m✗\u001b[39m reads the settings once\n  expected \u001b[32m1\u001b[39m, got \u001b[31m2\u001b[39m\n\u001b]0;owned\u0007exit code 1'
                : '\u001b[32m✓\u001b[39m reads the settings once \u001b[2m12 ms\u001b[22m\n\u001b[32m✓\u001b[39m reads them again after a minute',
          },
        },
      ],
    })
    if (turn % 4 === 2) delegate(add, id)
    add({
      type: 'plan',
      entries: [
        { content: 'Find every reader', status: 'completed', priority: 'high' },
        { content: 'Read once, keep for a minute', status: 'in_progress', priority: 'high' },
        { content: 'Say so in the docs', status: 'pending', priority: 'low' },
      ],
    })
    if (turn % 5 === 3)
      add({
        type: 'notice',
        severity: 'warning',
        title: 'The model is overloaded',
        detail: 'HTTP 529',
        retry: { attempt: 2, max: 10, inMs: 4000 },
      })
    if (turn % 6 === 4)
      add({
        type: 'compaction_update',
        compactionId: id('c'),
        status: 'completed',
        preTokens: 182_000,
        postTokens: 31_000,
      })
    add({ type: 'agent_message', messageId: id('m2'), content: text(ENDINGS[turn % ENDINGS.length] ?? '') })
    add({
      type: 'usage_update',
      used: 84_000,
      size: 200_000,
      cost: { amount: turn * 0.07, currency: 'USD', basis: 'list' },
    })
    if (turn % 7 === 5) {
      add({
        type: 'turn_ended',
        stopReason: 'error',
        error: { code: 'overloaded', message: 'The model is overloaded. Try again in a moment.', retryable: true },
        durationMs: 12_000,
      })
    } else {
      add({
        type: 'turn_ended',
        stopReason: turn % 7 === 6 ? 'cancelled' : 'end_turn',
        durationMs: 84_000 + turn * 1000,
        costDelta: 0.073,
        forkAt: 'x',
        ...(turn % 7 === 4 ? { denials: ['Bash(rm -rf build)'] } : {}),
      })
    }
  }
  return events
}

/** The end of a session that is at work and asks. */
export function openTurn(sessionId: string, from: number): Envelope[] {
  const now = Date.now()
  let seq = from
  const add = (event: AgentEvent, more: Partial<Envelope> = {}): Envelope => ({
    v: 1,
    sessionId,
    seq: ++seq,
    at: now - 240_000,
    turnId: 'turn-open',
    event,
    ...more,
  })
  return [
    add({
      type: 'user_message',
      messageId: 'p-open',
      content: [
        { type: 'text', text: 'Now migrate the development database, and show me that the old readers still work.' },
      ],
      state: 'sent',
      origin: 'user',
    }),
    add({ type: 'turn_started', origin: 'user', messageIds: ['p-open'] }),
    add({
      type: 'agent_message',
      messageId: 'm-open',
      content: [{ type: 'text', text: 'I will run migration 42, then the contract tests against the old readers.' }],
    }),
    add({
      type: 'tool_call',
      toolCallId: 't-open',
      name: 'Bash',
      title: 'Run npm run migrate -- --to 42',
      kind: 'execute',
      status: 'in_progress',
      rawInput: { command: 'npm run migrate -- --to 42' },
    }),
    add({
      type: 'permission_request',
      requestId: 'r-open',
      toolCallId: 't-open',
      toolName: 'Bash',
      title: 'Run npm run migrate -- --to 42',
      input: {},
      options: [],
    }),
  ]
}

type Add = (event: AgentEvent, more?: Partial<Envelope>) => void

function delegate(add: Add, id: (name: string) => string): void {
  const parent = { parentToolCallId: id('task'), agentId: id('agent') }
  add({
    type: 'tool_call',
    toolCallId: id('task'),
    name: 'Agent',
    title: 'Delegate: Look for other caches',
    kind: 'agent',
    status: 'in_progress',
    rawInput: { prompt: 'Look for other caches in src and say how long each keeps what.' },
  })
  add({
    type: 'subagent_update',
    agentId: id('agent'),
    toolCallId: id('task'),
    kind: 'subagent',
    title: 'Look for other caches',
    state: 'running',
  })
  add(
    {
      type: 'tool_call',
      toolCallId: id('sub1'),
      name: 'Grep',
      title: 'Search for cache in src',
      kind: 'search',
      status: 'in_progress',
    },
    parent,
  )
  add(
    {
      type: 'tool_call_update',
      toolCallId: id('sub1'),
      status: 'completed',
      content: [{ type: 'content', content: { type: 'text', text: 'src/http.ts:80' } }],
    },
    parent,
  )
  add(
    {
      type: 'agent_message',
      messageId: id('subm'),
      content: [{ type: 'text', text: 'There is one more, in `src/http.ts`: it keeps answers for **ten seconds**.' }],
    },
    parent,
  )
  add({
    type: 'tool_call_update',
    toolCallId: id('task'),
    status: 'completed',
    content: [{ type: 'content', content: { type: 'text', text: 'There is one more cache, in `src/http.ts`.' } }],
  })
  add({
    type: 'subagent_update',
    agentId: id('agent'),
    toolCallId: id('task'),
    kind: 'subagent',
    title: 'Look for other caches',
    state: 'completed',
    usage: { tokens: 12_400, toolUses: 3, ms: 18_000 },
  })
}
