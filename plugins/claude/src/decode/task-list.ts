import { type Json, object, objects, string } from '../json.ts'
import type { OpenTool, TaskListEntry } from '../state.ts'
import type { Fold } from './fold.ts'

/**
 * The agent's own task list, from the tools that keep it: `TodoWrite` gives the whole of it (older versions), `TaskCreate` and
 * `TaskUpdate` change one entry, `TaskList` shows all. Sub-agents keep lists of their own, which are not the session's.
 */
export function taskListChanged(fold: Fold, tool: OpenTool, result: Json): void {
  if (tool.parentToolCallId !== undefined) return
  const { state } = fold
  const after = changed(state.taskList, tool, result)
  if (after === undefined || JSON.stringify(after) === JSON.stringify(state.taskList)) return
  state.taskList = after
  fold.emit({
    type: 'plan',
    entries: after.map(({ id, content, status }) => ({ id, content, status, priority: 'medium' })),
  })
}

function changed(before: TaskListEntry[], tool: OpenTool, result: Json): TaskListEntry[] | undefined {
  const input = tool.input ?? {}
  switch (tool.name) {
    case 'TodoWrite':
      return objects(input.todos).map((todo, index) => ({
        id: string(todo.id) ?? String(index + 1),
        content: string(todo.content) ?? '',
        status: statusOf(todo.status) ?? 'pending',
      }))
    case 'TaskCreate': {
      const task = object(result.task)
      const id = string(task.id)
      if (id === undefined) return undefined
      const content = string(task.subject) ?? string(input.subject) ?? ''
      return [...before.filter((entry) => entry.id !== id), { id, content, status: 'pending' }]
    }
    case 'TaskUpdate': {
      const id = string(input.taskId)
      if (result.success === false || id === undefined) return undefined
      if (input.status === 'deleted') return before.filter((entry) => entry.id !== id)
      return before.map((entry) =>
        entry.id === id
          ? { id, content: string(input.subject) ?? entry.content, status: statusOf(input.status) ?? entry.status }
          : entry,
      )
    }
    case 'TaskList':
      return objects(result.tasks).flatMap((task) => {
        const id = string(task.id)
        return id === undefined
          ? []
          : [{ id, content: string(task.subject) ?? '', status: statusOf(task.status) ?? 'pending' }]
      })
    default:
      return undefined
  }
}

function statusOf(value: unknown): TaskListEntry['status'] | undefined {
  return value === 'pending' || value === 'in_progress' || value === 'completed' ? value : undefined
}
