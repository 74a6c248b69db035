import type { Envelope } from '@skein/protocol'
import { textOf } from '@skein/protocol'
import type { Item } from './items.ts'

/** The item that an event begins, if it begins one. */
export function itemFor(envelope: Envelope): Item | undefined {
  const { event, seq, at, turnId, askId } = envelope
  const base = (key: string) => ({ key, seq, at, ...(turnId === undefined ? {} : { turnId }) })
  switch (event.type) {
    case 'user_message': {
      const { messageId, content, origin } = event
      return { ...base(`prompt ${messageId}`), type: 'prompt', messageId, content, origin, queuedSeq: seq }
    }
    case 'agent_message_chunk':
      if (event.at > 0) return undefined
      return { ...base(`message ${event.messageId}`), type: 'message', text: event.text, content: [], streaming: true }
    case 'agent_message': {
      const { messageId, content, model, aborted } = event
      const more = { ...(model === undefined ? {} : { model }), ...(aborted ? { aborted } : {}) }
      return {
        ...base(`message ${messageId}`),
        ...{ type: 'message', text: textOf(content), content, streaming: false },
        ...more,
      }
    }
    case 'agent_thought_chunk':
      if (event.at > 0) return undefined
      return { ...base(`thought ${event.messageId}`), type: 'thought', text: event.text, streaming: true }
    case 'agent_thought':
      return { ...base(`thought ${event.messageId}`), type: 'thought', text: textOf(event.content), streaming: false }
    case 'tool_call_chunk':
      if (event.at > 0) return undefined
      return {
        ...base(`tool ${event.toolCallId}`),
        ...{ type: 'tool', toolCallId: event.toolCallId, name: event.name, title: event.name, kind: 'other' },
        ...{ status: 'pending', locations: [], content: [], typing: event.text, children: [] },
      }
    case 'tool_call': {
      const { toolCallId, name, title, kind, status, locations = [], content = [], rawInput } = event
      return {
        ...base(`tool ${toolCallId}`),
        ...{ type: 'tool', toolCallId, name, title, kind, status, locations, content, children: [] },
        ...(rawInput === undefined ? {} : { rawInput }),
      }
    }
    case 'permission_request': {
      const { requestId, title, toolName, planId } = event
      const kind = planId === undefined ? 'permission' : 'plan'
      return { ...base(`ask ${requestId}`), type: 'ask', requestId, askId, kind, title, toolName, toolCallId: planId }
    }
    case 'elicitation_request': {
      const { requestId, message, questions } = event
      const title = message ?? questions?.[0]?.question ?? 'The agent asks'
      const { toolCallId } = event
      return { ...base(`ask ${requestId}`), type: 'ask', requestId, askId, kind: 'question', title, toolCallId }
    }
    case 'plan':
      return { ...base(`tasks ${turnId ?? seq}`), type: 'tasks', entries: event.entries }
    case 'plan_update': {
      const { planId, markdown, state, edited, feedback } = event
      return { ...base(`plan ${planId}`), type: 'plan', planId, markdown, state, edited, feedback }
    }
    case 'subagent_update': {
      const { type: _, toolCallId, ...agent } = event
      // One that a tool started is shown with that tool.
      return toolCallId === undefined ? { ...base(`agent ${event.agentId}`), type: 'agent', agent } : undefined
    }
    case 'compaction_update': {
      const { compactionId, status, preTokens, postTokens } = event
      return { ...base(`compaction ${compactionId}`), type: 'compaction', status, preTokens, postTokens }
    }
    case 'notice': {
      const { severity, title, detail, retry, code } = event
      // Attempts to reach the model again are one notice that counts.
      const key = retry ? `retry ${turnId ?? ''} ${code ?? title}` : `notice ${seq}`
      return { ...base(key), type: 'notice', severity, title, detail, retry }
    }
    case 'agent_process': {
      const { state, exitCode, signal, stderrTail, reason } = event
      if (state !== 'exited' && state !== 'lost') return undefined
      return { ...base(`process ${seq}`), type: 'process', state, exitCode, signal, stderrTail, reason }
    }
    case 'turn_started':
      if (event.origin === 'user' || event.origin === 'command') return undefined
      return { ...base(`wake ${seq}`), type: 'wake', origin: event.origin }
    case 'turn_ended': {
      const { stopReason, detail, error, durationMs, costDelta, denials, forkAt } = event
      return {
        ...base(`end ${turnId ?? seq}`),
        ...{ type: 'turn_end', stopReason, detail, error, durationMs, cost: costDelta, denials },
        forkable: forkAt !== undefined && turnId !== undefined,
      }
    }
    case 'raw':
      return { ...base(`raw ${seq} ${envelope.src?.n ?? 0}`), type: 'raw', line: event.line, format: event.format }
    default:
      return undefined
  }
}

/** The item that an event is about, if it may have begun before, and what becomes of it. */
export function updated(envelope: Envelope): { key: string; update: (item: Item) => Item } | undefined {
  const { event } = envelope
  switch (event.type) {
    case 'agent_message_chunk':
    case 'agent_thought_chunk': {
      const type = event.type === 'agent_message_chunk' ? 'message' : 'thought'
      return {
        key: `${type} ${event.messageId}`,
        update: (item) => (item.type === type && item.streaming ? { ...item, text: joined(item.text, event) } : item),
      }
    }
    case 'tool_call_chunk':
      return {
        key: `tool ${event.toolCallId}`,
        update: (item) =>
          item.type === 'tool' && item.typing !== undefined ? { ...item, typing: joined(item.typing, event) } : item,
      }
    case 'agent_message':
      return whole(envelope, `message ${event.messageId}`)
    case 'agent_thought':
      return whole(envelope, `thought ${event.messageId}`)
    case 'tool_call':
      return {
        key: `tool ${event.toolCallId}`,
        update: (item) => {
          const next = itemFor(envelope)
          if (item.type !== 'tool' || next?.type !== 'tool') return item
          const { typing: _, ...before } = item
          return { ...before, ...next, seq: envelope.seq, children: item.children }
        },
      }
    case 'tool_call_update': {
      const { type: _, toolCallId, ...change } = event
      return {
        key: `tool ${toolCallId}`,
        update: (item) => (item.type === 'tool' ? ({ ...item, ...defined(change) } as Item) : item),
      }
    }
    case 'tool_progress':
      return {
        key: `tool ${event.toolCallId}`,
        update: (item) => (item.type === 'tool' ? { ...item, elapsedMs: event.elapsedMs } : item),
      }
    case 'subagent_update': {
      const { type: _, toolCallId, ...agent } = event
      return {
        key: toolCallId === undefined ? `agent ${event.agentId}` : `tool ${toolCallId}`,
        update: (item) =>
          item.type === 'tool' || item.type === 'agent' ? { ...item, agent: { ...item.agent, ...agent } } : item,
      }
    }
    case 'permission_resolved':
    case 'elicitation_resolved': {
      const { requestId, outcome, by } = event
      const more =
        event.type === 'permission_resolved' ? defined({ optionId: event.optionId, feedback: event.feedback }) : {}
      return {
        key: `ask ${requestId}`,
        update: (item) => (item.type === 'ask' ? { ...item, outcome: { outcome, by, ...more } } : item),
      }
    }
    case 'plan':
      return whole(envelope, `tasks ${envelope.turnId ?? envelope.seq}`)
    case 'plan_update':
      return whole(envelope, `plan ${event.planId}`)
    case 'compaction_update':
      return {
        key: `compaction ${event.compactionId}`,
        update: (item) =>
          item.type === 'compaction'
            ? {
                ...item,
                ...defined({ status: event.status, preTokens: event.preTokens, postTokens: event.postTokens }),
              }
            : item,
      }
    case 'notice': {
      const item = itemFor(envelope)
      return event.retry && item ? whole(envelope, item.key) : undefined
    }
    default:
      return undefined
  }
}

/** The whole item takes the place of what was there, where it was. */
function whole(envelope: Envelope, key: string) {
  return {
    key,
    update: (before: Item): Item => {
      const next = itemFor(envelope)
      if (!next) return before
      // A streamed item becomes stored with this event, and can be pointed at from now on.
      const seq = next.type === 'message' || next.type === 'thought' ? next.seq : before.seq
      return { ...next, seq, at: before.at } as Item
    },
  }
}

/** Chunks may overlap with what is there, and never leave a gap. */
function joined(before: string, { at, text }: { at: number; text: string }): string {
  return at <= before.length ? before.slice(0, at) + text : before
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
