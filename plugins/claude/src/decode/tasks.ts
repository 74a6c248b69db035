import type { AgentEventOf } from '@skein/plugin-api'
import { type Json, number, object, objects, present, string } from '../json.ts'
import type { RunningTask } from '../state.ts'
import { oneLine, plain } from '../terminal-text.ts'
import type { Fold } from './fold.ts'

type TaskState = AgentEventOf<'subagent_update'>['state']

/** Sub-agents and background work. `task_started`: it begins. */
export function taskStarted(fold: Fold, message: Json): void {
  const id = string(message.task_id)
  if (id === undefined) return
  const task: RunningTask = {
    id,
    kind: kindOf(string(message.task_type)),
    title: oneLine(string(message.description) ?? '') || 'a task',
    toolCallId: string(message.tool_use_id),
    background: message.is_backgrounded === true,
  }
  fold.state.tasks = [...fold.state.tasks.filter((other) => other.id !== id), task]
  tell(fold, task, 'running')
}

/** `task_progress`: what it has used so far, and what it is at. */
export function taskProgressed(fold: Fold, message: Json): void {
  const task = fold.state.tasks.find(({ id }) => id === message.task_id)
  const summary = string(message.summary) ?? string(message.description)
  if (task) tell(fold, task, 'running', { ...usageOf(message), ...(summary ? { summary: plain(summary) } : {}) })
}

/** `task_updated`: a patch of its state. The end is told by the notification, which says more. */
export function taskUpdated(fold: Fold, message: Json): void {
  const task = fold.state.tasks.find(({ id }) => id === message.task_id)
  const patch = object(message.patch)
  if (!task || patch.is_backgrounded === undefined) return
  const moved = { ...task, background: patch.is_backgrounded === true }
  fold.state.tasks = fold.state.tasks.map((other) => (other === task ? moved : other))
  tell(fold, moved, 'running')
}

/** `task_notification`: it has ended; where no turn runs, Claude Code will begin one of its own. */
export function taskNotified(fold: Fold, message: Json): void {
  const { state } = fold
  const id = string(message.task_id)
  if (id === undefined) return
  const known = state.tasks.find((task) => task.id === id)
  state.tasks = state.tasks.filter((task) => task !== known)
  if (!state.turn) state.taskEnded = true
  const toolCallId = string(message.tool_use_id)
  const task = known ?? { id, kind: 'subagent', title: 'a task', toolCallId, background: true }
  const summary = string(message.summary)
  const outputFile = string(message.output_file)
  tell(fold, task, endOf(string(message.status)), {
    ...usageOf(message),
    ...(summary === undefined ? {} : { summary: plain(summary) }),
    ...(outputFile === undefined ? {} : { outputFile }),
  })
}

/** A sub-agent in the foreground ends when its tool call does; for versions that do not notify of it. */
export function foregroundEnded(fold: Fold, toolCallId: string, failed: boolean): void {
  const task = fold.state.tasks.find((running) => !running.background && running.toolCallId === toolCallId)
  if (!task) return
  fold.state.tasks = fold.state.tasks.filter((other) => other !== task)
  tell(fold, task, failed ? 'failed' : 'completed')
}

/** `background_tasks_changed`: all that run in the background now. What is not among them has ended without a word. */
export function backgroundTasks(fold: Fold, message: Json): void {
  const running = new Set(objects(message.tasks).map((task) => task.task_id))
  const gone = fold.state.tasks.filter((task) => task.background && !running.has(task.id))
  endTasks(fold, gone)
}

/** Ends tasks of which nothing more will be heard. */
export function endTasks(fold: Fold, tasks: readonly RunningTask[]): void {
  for (const task of tasks) tell(fold, task, 'stopped')
  fold.state.tasks = fold.state.tasks.filter((task) => !tasks.includes(task))
}

function tell(
  fold: Fold,
  task: RunningTask,
  state: TaskState,
  more: Pick<AgentEventOf<'subagent_update'>, 'summary' | 'outputFile' | 'usage'> = {},
): void {
  fold.emit({
    type: 'subagent_update',
    agentId: task.id,
    kind: task.kind,
    title: task.title,
    state,
    background: task.background,
    ...present({ toolCallId: task.toolCallId }),
    ...more,
  })
}

function usageOf(message: Json): { usage?: { tokens: number; toolUses: number; ms: number } } {
  const usage = object(message.usage)
  const tokens = number(usage.total_tokens)
  if (tokens === undefined) return {}
  return { usage: { tokens, toolUses: number(usage.tool_uses) ?? 0, ms: number(usage.duration_ms) ?? 0 } }
}

function kindOf(type: string | undefined): RunningTask['kind'] {
  if (type === 'local_bash') return 'shell'
  if (type?.startsWith('monitor')) return 'monitor'
  return type?.includes('workflow') ? 'workflow' : 'subagent'
}

function endOf(status: string | undefined): TaskState {
  if (status === 'failed' || status === 'error') return 'failed'
  return status === 'stopped' || status === 'killed' || status === 'cancelled' ? 'stopped' : 'completed'
}
