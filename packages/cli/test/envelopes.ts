import type { AgentEvent, AgentEventOf, Envelope } from '@skein/protocol'

/** Numbers events as the engine does: stored ones without a gap, deltas with the number before them. */
export class Recording {
  readonly envelopes: Envelope[] = []
  #seq = 0
  #at = 1_750_000_000_000

  add(event: AgentEvent, place: { parentToolCallId?: string; agentId?: string; afterMs?: number } = {}): this {
    const { afterMs = 100, ...rest } = place
    const ephemeral = EPHEMERAL.has(event.type)
    if (!ephemeral) this.#seq++
    this.#at += afterMs
    this.envelopes.push({
      v: 1,
      sessionId: 'session',
      seq: this.#seq,
      at: this.#at,
      ...rest,
      ...(ephemeral ? { ephemeral: true as const } : {}),
      event,
    })
    return this
  }

  /** A message as it streams, in so many pieces, and then as a whole. */
  say(messageId: string, text: string, pieces = 4): this {
    const size = Math.max(1, Math.ceil(text.length / pieces))
    for (let at = 0; at < text.length; at += size) {
      this.add({ type: 'agent_message_chunk', messageId, at, text: text.slice(at, at + size) })
    }
    return this.add({ type: 'agent_message', messageId, content: [{ type: 'text', text }] })
  }

  tool(
    call: Partial<AgentEventOf<'tool_call'>> & { toolCallId: string; name: string; title: string },
    end: Partial<AgentEventOf<'tool_call_update'>> = {},
    place: { parentToolCallId?: string; agentId?: string; afterMs?: number } = {},
  ): this {
    this.add({ type: 'tool_call', kind: 'other', status: 'in_progress', ...call }, place)
    return this.add({ type: 'tool_call_update', toolCallId: call.toolCallId, status: 'completed', ...end }, place)
  }
}

const EPHEMERAL = new Set(['agent_message_chunk', 'agent_thought_chunk', 'tool_call_chunk', 'tool_progress'])

/** A turn with a bit of everything that a transcript shows. */
export function oneTurn(): Envelope[] {
  return new Recording()
    .add({ type: 'turn_started', origin: 'user', messageIds: ['m0'] })
    .add({
      type: 'user_message',
      messageId: 'm0',
      content: [{ type: 'text', text: 'Fix the périod 🧶 of 日本' }],
      state: 'started',
      origin: 'user',
    })
    .add({ type: 'agent_thought_chunk', messageId: 't1', at: 0, text: 'The altitude is ' })
    .add({
      type: 'agent_thought',
      messageId: 't1',
      content: [{ type: 'text', text: 'The altitude is wrong.\nSo it is.' }],
    })
    .say('m1', '# What I found\n\nThe **bug** is in `src/orbit.js`:\n\n- one\n- two\n\n```js\nconst a = 1\n```\nDone.')
    .tool(
      { toolCallId: 'c1', name: 'Read', title: 'Read src/orbit.js', kind: 'read' },
      { content: [{ type: 'content', content: { type: 'text', text: 'x'.repeat(500) } }] },
    )
    .tool(
      { toolCallId: 'c2', name: 'Edit', title: 'Edit src/orbit.js', kind: 'edit' },
      {
        content: [
          {
            type: 'diff',
            path: 'src/orbit.js',
            hunks: [{ oldStart: 1, oldLines: 2, newStart: 1, newLines: 4, lines: [' a', '-b', '+c', '+d', '+日本語'] }],
          },
        ],
      },
    )
    .add({
      type: 'plan',
      entries: [
        { id: '1', content: 'Fix it', status: 'completed', priority: 'high' },
        { id: '2', content: 'Test it', status: 'in_progress', priority: 'high' },
      ],
    })
    .tool(
      { toolCallId: 'c3', name: 'Bash', title: 'npm test', kind: 'execute' },
      { content: [{ type: 'content', content: { type: 'text', text: 'ok 1\nok 2\n12 passed\n' } }] },
    )
    .tool(
      { toolCallId: 'c4', name: 'Bash', title: 'false', kind: 'execute' },
      { status: 'failed', content: [{ type: 'content', content: { type: 'text', text: 'exit 1' } }] },
    )
    .add({ type: 'usage_update', cost: { amount: 0.0123, currency: 'USD', basis: 'list' } })
    .add({ type: 'turn_ended', stopReason: 'end_turn', result: 'Done.', durationMs: 4200, costDelta: 0.0123 }).envelopes
}
