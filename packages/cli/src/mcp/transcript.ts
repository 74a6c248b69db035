import { type Envelope, textOf } from '@skein/protocol'
import { bounded, PAGE, TEXT } from './bounded.ts'

/** A part of a transcript in few words. */
export interface TranscriptPart {
  lines: string[]
  /** The last event that is in it, or was left out as unimportant. */
  seq: number
  /** There was more than fits. */
  more: boolean
}

/** Events as lines: what was said, done, asked and answered; `#12` is an event's seq. */
export function transcriptLines(
  events: readonly Envelope[],
  options: { text?: number; page?: number } = {},
): TranscriptPart {
  const { text = TEXT, page = PAGE } = options
  const tools = new Map<string, string>()
  const lines: string[] = []
  let size = 0
  let seq = 0
  for (const envelope of events) {
    const line = lineOf(envelope, tools, text)
    if (line !== undefined) {
      if (size + line.length > page && lines.length > 0) return { lines, seq, more: true }
      size += line.length
      lines.push(`#${envelope.seq} ${envelope.agentId === undefined ? '' : '(sub-agent) '}${line}`)
    }
    seq = envelope.seq
  }
  return { lines, seq, more: false }
}

function lineOf({ event, askId }: Envelope, tools: Map<string, string>, text: number): string | undefined {
  switch (event.type) {
    case 'user_message':
      return `prompt: ${bounded(textOf(event.content), text)}`
    case 'agent_message':
      return `agent: ${bounded(textOf(event.content), text)}`
    case 'tool_call':
      tools.set(event.toolCallId, `${event.name}: ${event.title}`)
      return `tool ${event.name}: ${bounded(event.title, 300)}`
    case 'tool_call_update': {
      if (event.denied) return `tool denied by ${event.denied.by}: ${event.denied.reason ?? ''}`
      if (event.status !== 'failed') return undefined
      const output = typeof event.rawOutput === 'string' ? event.rawOutput : JSON.stringify(event.rawOutput ?? '')
      return `tool failed (${bounded(tools.get(event.toolCallId) ?? 'a tool', 200)}): ${bounded(output, Math.min(text, 1000))}`
    }
    case 'plan':
      return `tasks: ${event.entries.map(({ content, status }) => `[${MARK[status]}] ${content}`).join('; ')}`
    case 'plan_update':
      return `plan ${event.state}; read it with read_plan`
    case 'permission_request':
      return `asks for permission: ${event.title}${askId === undefined ? '' : ` (ask ${askId})`}`
    case 'elicitation_request':
      return `asks: ${event.questions?.map(({ question }) => question).join(' | ') ?? event.message ?? ''}${askId === undefined ? '' : ` (ask ${askId})`}`
    case 'permission_resolved':
    case 'elicitation_resolved':
      return `the ask was ${event.outcome} by ${event.by}`
    case 'subagent_update':
      return event.state === 'running' ? undefined : `sub-agent ${event.state}: ${event.title}`
    case 'notice':
      return event.severity === 'info' ? undefined : `${event.severity}: ${event.title} ${event.detail ?? ''}`.trim()
    case 'rate_limit':
      return event.status === 'rejected'
        ? `rate limit reached${event.resetsAt === undefined ? '' : ` until ${new Date(event.resetsAt).toISOString()}`}`
        : undefined
    case 'agent_process':
      return event.state === 'lost' ? `the agent's process was lost: ${event.reason ?? 'nobody knows why'}` : undefined
    case 'turn_ended':
      return `turn ended: ${event.stopReason}${event.error ? `: ${event.error.message}` : ''}`
    default:
      return undefined
  }
}

const MARK = { pending: ' ', in_progress: '~', completed: 'x' } as const
