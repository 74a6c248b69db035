import type { AgentEvent } from '@skein/protocol'
import { expect, it } from 'vitest'
import { oneTurn, Recording } from '../../test/envelopes.ts'
import { transcriptLines } from '../../test/rendering.ts'
import { plainPalette } from './palette.ts'
import { paint } from './row.ts'
import { Transcript } from './transcript.ts'
import { width } from './width.ts'

it('a turn reads from top to bottom: prompt, thought, text, tools with their results, tasks, end', () => {
  expect(transcriptLines(oneTurn()).join('\n')).toBe(`› Fix the périod 🧶 of 日本

✻ Thought 0.1s: The altitude is wrong. … (2 lines)

What I found

The bug is in src/orbit.js:

• one
• two

\`\`\`js
const a = 1
\`\`\`
Done.

✓ Read src/orbit.js  0.1s
✓ Edit src/orbit.js +3 −1  0.1s
   a
  -b
  +c
  +d
  +日本語
☑ Fix it
▸ Test it
✓ Bash npm test  0.1s
  ⎿ 12 passed (3 lines)
✗ Bash false  0.1s
  exit 1

— turn ended · 4.2s · $0.0123`)
})

it.each([40, 200])('nothing is wider than a terminal of %i columns', (columns) => {
  for (const line of transcriptLines(oneTurn(), { columns })) expect(width(line), line).toBeLessThanOrEqual(columns)
})

it('text that streams is shown once, whatever of it comes twice', () => {
  const whole = 'First line.\nSecond line.\nThird.'
  const recording = new Recording()
    .add({ type: 'agent_message_chunk', messageId: 'm', at: 0, text: 'First line.\nSec' })
    .add({ type: 'agent_message_chunk', messageId: 'm', at: 0, text: 'First line.\nSecond li' })
    .add({ type: 'agent_message_chunk', messageId: 'm', at: 18, text: 'line' })
    .add({ type: 'agent_message', messageId: 'm', content: [{ type: 'text', text: whole }] })
  expect(transcriptLines(recording.envelopes).join('\n')).toBe(whole)
})

it('a message that was joined in the middle is shown whole when it is done', () => {
  const recording = new Recording()
    .add({ type: 'agent_message_chunk', messageId: 'm', at: 40, text: 'the middle\n' })
    .add({ type: 'agent_message', messageId: 'm', content: [{ type: 'text', text: 'All of it.' }] })
  expect(transcriptLines(recording.envelopes)).toEqual(['All of it.'])
})

it('what streams moves below, and stays once its line is whole', () => {
  const transcript = new Transcript({ columns: () => 20, rows: () => 10, whole: false, plans: false })
  const moving = () => transcript.moving('*', 0).map((line) => paint(line, plainPalette))
  const lasting = () => transcript.take().map((line) => paint(line, plainPalette))
  const [a, b, c] = new Recording()
    .add({ type: 'agent_message_chunk', messageId: 'm', at: 0, text: 'It be' })
    .add({ type: 'agent_message_chunk', messageId: 'm', at: 5, text: 'gins.\nAnd' })
    .add({
      type: 'agent_message',
      messageId: 'm',
      content: [{ type: 'text', text: 'It begins.\nAnd ends.' }],
    }).envelopes
  if (!a || !b || !c) throw new Error('three envelopes')
  transcript.accept(a)
  expect([lasting(), moving()]).toEqual([[], ['It be']])
  transcript.accept(b)
  expect([lasting(), moving()]).toEqual([['It begins.'], ['And']])
  transcript.accept(c)
  expect([lasting(), moving()]).toEqual([['And ends.'], []])
})

it('a paragraph that is taller than the screen is shown whole all the same', () => {
  const text = 'word '.repeat(400).trim()
  const lines = transcriptLines(new Recording().say('m', text, 50).envelopes, { columns: 20 })
  expect(lines.join(' ').replace(/\s+/g, ' ').trim()).toBe(text)
})

it('what a sub-agent does is indented and folded', () => {
  const recording = new Recording()
    .add({
      type: 'tool_call',
      toolCallId: 'agent',
      name: 'Agent',
      title: 'Look around',
      kind: 'agent',
      status: 'in_progress',
    })
    .add(
      { type: 'agent_message', messageId: 'n', content: [{ type: 'text', text: 'I look.\nAround.' }] },
      { parentToolCallId: 'agent', agentId: 'a1' },
    )
    .tool(
      { toolCallId: 'inner', name: 'Grep', title: 'Grep bug', kind: 'search' },
      {},
      { parentToolCallId: 'agent', agentId: 'a1' },
    )
    .add({ type: 'tool_call_update', toolCallId: 'agent', status: 'completed' })
  expect(transcriptLines(recording.envelopes)).toEqual([
    '  ↳ I look. (2 lines)',
    '  ✓ Grep bug  0.1s',
    '✓ Agent Look around  0.4s',
  ])
})

it('a long diff is capped and says how much is missing', () => {
  const lines = Array.from({ length: 40 }, (_, n) => `+line ${n}`)
  const recording = new Recording().tool(
    { toolCallId: 'c', name: 'Write', title: 'Write a.txt', kind: 'edit' },
    {
      content: [
        { type: 'diff', path: 'a.txt', hunks: [{ oldStart: 0, oldLines: 0, newStart: 1, newLines: 40, lines }] },
      ],
    },
  )
  const shown = transcriptLines(recording.envelopes)
  expect(shown[0]).toBe('✓ Write a.txt +40  0.1s')
  expect(shown).toHaveLength(14)
  expect(shown.at(-1)).toBe('  … 28 more lines')
})

it('a refused tool says so, with the reason', () => {
  const recording = new Recording().tool(
    { toolCallId: 'c', name: 'Bash', title: 'rm -rf /', kind: 'execute' },
    { status: 'failed', denied: { by: 'user', reason: 'Not that.' } },
  )
  expect(transcriptLines(recording.envelopes)).toEqual(['⊘ Bash rm -rf /  denied  0.1s', '  Not that.'])
})

it('tools that were open when the turn ended are closed', () => {
  const recording = new Recording()
    .add({
      type: 'tool_call',
      toolCallId: 'c',
      name: 'Bash',
      title: 'sleep 100',
      kind: 'execute',
      status: 'in_progress',
    })
    .add({ type: 'turn_ended', stopReason: 'cancelled' })
  expect(transcriptLines(recording.envelopes)).toEqual(['✗ Bash sleep 100  0.1s', '', '— turn ended: interrupted'])
})

it('nothing that an agent writes, in any field of any event, reaches the terminal as a control', () => {
  const evil = 'a\x1b[2J\x1b]0;t\x07\x9b1m\u202eb\x08\r\x00c'
  const events: AgentEvent[] = [
    { type: 'user_message', messageId: 'u', content: [{ type: 'text', text: evil }], state: 'started', origin: 'user' },
    { type: 'agent_message_chunk', messageId: 'm', at: 0, text: `${evil}\x1b` },
    { type: 'agent_message_chunk', messageId: 'm', at: evil.length + 1, text: `[31m${evil}\n` },
    { type: 'agent_message', messageId: 'n', content: [{ type: 'text', text: evil }] },
    { type: 'agent_thought', messageId: 't', content: [{ type: 'text', text: evil }] },
    { type: 'tool_call', toolCallId: 'c', name: evil, title: evil, kind: 'execute', status: 'in_progress' },
    {
      type: 'tool_call_update',
      toolCallId: 'c',
      status: 'completed',
      content: [{ type: 'content', content: { type: 'text', text: evil } }],
    },
    {
      type: 'tool_call',
      toolCallId: 'd',
      name: evil,
      title: evil,
      kind: 'edit',
      status: 'completed',
      content: [{ type: 'diff', path: evil, oldText: evil, newText: evil }],
    },
    { type: 'plan', entries: [{ content: evil, status: 'pending', priority: 'low' }] },
    { type: 'plan_update', planId: 'p', markdown: `# ${evil}`, state: 'proposed' },
    { type: 'plan_update', planId: 'p', markdown: evil, state: 'rejected', feedback: evil },
    { type: 'subagent_update', agentId: 'x', kind: 'shell', title: evil, state: 'running', background: true },
    { type: 'subagent_update', agentId: 'x', kind: 'shell', title: evil, state: 'failed', summary: evil },
    { type: 'notice', severity: 'warning', title: evil, detail: evil },
    { type: 'agent_process', state: 'lost', epoch: 1, reason: evil },
    {
      type: 'turn_ended',
      stopReason: 'error',
      detail: evil,
      error: { code: 'unknown', message: evil, retryable: false },
    },
  ]
  const transcript = new Transcript({ columns: () => 40, rows: () => 20, whole: true, plans: true })
  const recording = new Recording()
  for (const event of events) recording.add(event)
  for (const envelope of recording.envelopes) {
    transcript.accept(envelope)
    const rows = [...transcript.take(), ...transcript.moving('*', envelope.at)]
    const shown = rows.map((line) => paint(line, plainPalette)).join('\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(shown, envelope.event.type).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  }
})
