import { type Json, number, object, objects, present, string } from '../json.ts'
import { plain } from '../terminal-text.ts'
import type { Fold } from './fold.ts'
import { backgroundTasks, taskNotified, taskProgressed, taskStarted, taskUpdated } from './tasks.ts'
import { denier } from './tool-result.ts'
import { modeReported, turnBegins } from './turn.ts'

/** Bookkeeping of Claude Code's that a transcript has no use for. */
const QUIET: ReadonlySet<string> = new Set([
  'hook_started',
  'hook_progress',
  'memory_recall',
  'thinking_tokens',
  'plugin_install',
  'files_persisted',
  'elicitation_complete',
  'mirror_error',
  'worker_shutting_down',
  'control_request_progress',
])

/** `system`. Answers whether its subtype is one that we know. */
export function systemSaid(fold: Fold, message: Json): boolean {
  const subtype = string(message.subtype) ?? ''
  const handle = HANDLERS.get(subtype)
  handle?.(fold, message)
  return handle !== undefined || QUIET.has(subtype)
}

const HANDLERS: ReadonlyMap<string, (fold: Fold, message: Json) => void> = new Map([
  ['init', turnBegins],
  ['status', statusChanged],
  ['session_state_changed', stateChanged],
  ['api_retry', retrying],
  ['compact_boundary', compacted],
  ['permission_denied', permissionDenied],
  ['task_started', taskStarted],
  ['task_progress', taskProgressed],
  ['task_updated', taskUpdated],
  ['task_notification', taskNotified],
  ['background_tasks_changed', backgroundTasks],
  ['hook_response', hookAnswered],
  ['commands_changed', commandsChanged],
  ['local_command_output', commandOutput],
  ['informational', noticed],
  ['notification', noticed],
  ['model_refusal_fallback', (fold) => warn(fold, 'The model refused; another model answers', 'model_fallback')],
  ['model_refusal_no_fallback', (fold) => warn(fold, 'The model refused to answer', 'model_refusal')],
  [
    'session_writes_lost',
    (fold) =>
      fold.emit({
        type: 'notice',
        severity: 'error',
        title: 'Claude Code could not write its transcript: the disk is full',
        detail: 'Free some space. What is said meanwhile is missing when the session is resumed.',
        code: 'disk_full',
      }),
  ],
])

function statusChanged(fold: Fold, message: Json): void {
  const { state } = fold
  modeReported(fold, string(message.permissionMode))
  if (message.status === 'compacting' && state.compaction.phase !== 'running') {
    state.compaction = { count: state.compaction.count + 1, phase: 'running' }
    fold.emit({ type: 'compaction_update', compactionId: compactionId(fold), status: 'running' })
  }
  const result = string(message.compact_result)
  if (result === undefined || state.compaction.phase !== 'running') return
  state.compaction = { ...state.compaction, phase: 'ended' }
  const status = result === 'success' ? 'completed' : 'failed'
  fold.emit({ type: 'compaction_update', compactionId: compactionId(fold), status })
}

/** Comes after the status, with figures; alone where the compaction was Claude Code's own idea. */
function compacted(fold: Fold, message: Json): void {
  const { state } = fold
  const metadata = object(message.compact_metadata)
  const count = state.compaction.phase === 'none' ? state.compaction.count + 1 : state.compaction.count
  state.compaction = { count, phase: 'none' }
  fold.emit({
    type: 'compaction_update',
    compactionId: compactionId(fold),
    status: 'completed',
    ...present({ preTokens: number(metadata.pre_tokens), postTokens: number(metadata.post_tokens) }),
  })
}

function compactionId(fold: Fold): string {
  return `${fold.state.epoch}-${fold.state.compaction.count}`
}

function stateChanged(fold: Fold, message: Json): void {
  const { state } = message
  if (state === 'running' || state === 'requires_action' || state === 'idle') fold.emit({ type: 'state_update', state })
}

function retrying(fold: Fold, message: Json): void {
  const status = number(message.error_status)
  const why = string(message.error) ?? 'unknown'
  fold.emit({
    type: 'notice',
    severity: 'warning',
    title: `The model's server did not answer (${status === undefined ? why.replaceAll('_', ' ') : status}); trying again`,
    code: why,
    retry: {
      attempt: number(message.attempt) ?? 1,
      max: number(message.max_retries) ?? 1,
      inMs: number(message.retry_delay_ms) ?? 0,
    },
  })
}

function permissionDenied(fold: Fold, message: Json): void {
  const toolCallId = string(message.tool_use_id)
  const reason = string(message.decision_reason) ?? string(message.message)
  if (toolCallId === undefined) return
  fold.emit({
    type: 'tool_call_update',
    toolCallId,
    denied: {
      by: denier(string(message.decision_reason_type) ?? ''),
      ...(reason === undefined ? {} : { reason: plain(reason) }),
    },
  })
}

/** Hooks are worth a word only when they fail. */
function hookAnswered(fold: Fold, message: Json): void {
  if (message.outcome !== 'error') return
  const detail = string(message.stderr) || string(message.output)
  fold.emit({
    type: 'notice',
    severity: 'warning',
    title: `The hook ${string(message.hook_name) ?? string(message.hook_event) ?? ''} failed`,
    code: 'hook_failed',
    ...(detail ? { detail: plain(detail) } : {}),
  })
}

function commandsChanged(fold: Fold, message: Json): void {
  const commands = objects(message.commands).flatMap((command) => {
    const name = string(command.name)
    if (name === undefined) return []
    const described = { description: string(command.description), hint: string(command.argumentHint) || undefined }
    return [{ name, ...present(described) }]
  })
  if (commands.length > 0) fold.emit({ type: 'available_commands_update', commands })
}

function commandOutput(fold: Fold, message: Json): void {
  const text = string(message.content)
  const messageId = string(message.uuid)
  if (text && messageId !== undefined)
    fold.emit({ type: 'agent_message', messageId, content: [{ type: 'text', text: plain(text) }] })
}

function noticed(fold: Fold, message: Json): void {
  const text = string(message.content) ?? string(message.text) ?? string(message.message) ?? string(message.title)
  if (!text) return
  const severity = message.level === 'error' || message.level === 'warning' ? message.level : 'info'
  fold.emit({ type: 'notice', severity, title: plain(text) })
}

function warn(fold: Fold, title: string, code: string): void {
  fold.emit({ type: 'notice', severity: 'warning', title, code })
}
