import type { DecodedEvent } from '@skein/plugin-api'
import { type Json, number, object, string } from '../json.ts'
import type { ClaudeState } from '../state.ts'
import { plain } from '../terminal-text.ts'
import { askCancelled, asked } from './asks.ts'
import { assistantSaid } from './assistant.ts'
import { controlAnswered } from './control.ts'
import { Fold } from './fold.ts'
import { streamed } from './stream.ts'
import { systemSaid } from './system.ts'
import { userSaid } from './tool-result.ts'
import { messageReached, turnEnds } from './turn.ts'

/** Known, and of no use to a transcript. */
const QUIET: ReadonlySet<string> = new Set([
  'keep_alive',
  'tool_use_summary',
  'prompt_suggestion',
  'active_goal',
  'transcript_mirror',
])

/** One line of Claude Code's output as events. What it does not know becomes a `raw` event. */
export function decode(state: ClaudeState, line: string): { state: ClaudeState; events: DecodedEvent[] } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { state, events: [{ event: { type: 'raw', format: 'claude', line, why: 'unparsed' } }] }
  }
  const fold = new Fold(state)
  if (isKnown(fold, object(value))) return { state: fold.state, events: fold.events }
  return { state, events: [{ event: { type: 'raw', format: 'claude', line: value, why: 'unknown' } }] }
}

function isKnown(fold: Fold, message: Json): boolean {
  switch (message.type) {
    case 'assistant':
      assistantSaid(fold, message)
      return true
    case 'user':
      userSaid(fold, message)
      return true
    case 'stream_event':
      return streamed(fold, message)
    case 'system':
      return systemSaid(fold, message)
    case 'result':
      turnEnds(fold, message)
      return true
    case 'command_lifecycle':
      return lifecycle(fold, message)
    case 'control_request':
      return asked(fold, string(message.request_id) ?? '', object(message.request))
    case 'control_response':
      controlAnswered(fold, message)
      return true
    case 'control_cancel_request':
      askCancelled(fold, string(message.request_id) ?? '')
      return true
    case 'tool_progress':
      progressed(fold, message)
      return true
    case 'rate_limit_event':
      limitReported(fold, object(message.rate_limit_info))
      return true
    case 'auth_status':
      authReported(fold, message)
      return true
    case 'conversation_reset':
      conversationReset(fold, message)
      return true
    default:
      return QUIET.has(string(message.type) ?? '')
  }
}

function lifecycle(fold: Fold, message: Json): boolean {
  const id = string(message.command_uuid)
  const { state } = message
  // Queued with the agent is what `sent` means for us.
  const reached = state === 'queued' ? 'sent' : state
  if (id === undefined) return false
  if (reached !== 'sent' && reached !== 'started' && reached !== 'completed' && reached !== 'cancelled') return false
  messageReached(fold, id, reached)
  return true
}

function progressed(fold: Fold, message: Json): void {
  const toolCallId = string(message.tool_use_id)
  const seconds = number(message.elapsed_time_seconds)
  fold.placeIn(undefined, string(message.parent_tool_use_id))
  if (toolCallId !== undefined && seconds !== undefined)
    fold.emit({ type: 'tool_progress', toolCallId, elapsedMs: Math.round(seconds * 1000) })
}

function limitReported(fold: Fold, info: Json): void {
  const seconds = number(info.resetsAt)
  const resetsAt = seconds === undefined ? undefined : seconds * 1000
  const window = string(info.rateLimitType)
  const utilization = number(info.utilization)
  const status = info.status === 'rejected' ? 'rejected' : info.status === 'allowed' ? 'allowed' : 'warning'
  fold.state.limitResetsAt = status === 'allowed' ? undefined : resetsAt
  fold.emit({
    type: 'rate_limit',
    status,
    ...(window === undefined ? {} : { window }),
    ...(utilization === undefined ? {} : { utilization }),
    ...(resetsAt === undefined ? {} : { resetsAt }),
  })
}

function authReported(fold: Fold, message: Json): void {
  const error = string(message.error)
  if (error !== undefined) fold.emit({ type: 'notice', severity: 'error', title: plain(error), code: 'auth' })
}

/** After `/clear` the conversation goes on under another id, and nothing of the old one is open. */
function conversationReset(fold: Fold, message: Json): void {
  const nativeSessionId = string(message.new_conversation_id)
  fold.state.context = { ...fold.state.context, used: undefined }
  if (nativeSessionId !== undefined) fold.emit({ type: 'session_info_update', nativeSessionId })
}
