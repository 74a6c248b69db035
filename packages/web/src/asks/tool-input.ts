/** A line of a change that a tool would make. */
export interface ChangedLine {
  sign: ' ' | '+' | '-'
  text: string
}

/** What a tool would do, in the form in which a person judges it. Whatever has no form of its own is shown as its fields. */
export type ToolInput =
  | { kind: 'command'; command: string; rest: readonly Field[] }
  | { kind: 'change'; path: string; changes: readonly (readonly ChangedLine[])[]; rest: readonly Field[] }
  | { kind: 'fields'; fields: readonly Field[] }

export interface Field {
  name: string
  text: string
}

/** Nothing of the input is left out: what the form does not show is among its `rest`. */
export function readToolInput(input: unknown): ToolInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return {
      kind: 'fields',
      fields: input === undefined || input === null ? [] : [{ name: 'input', text: show(input) }],
    }
  const { command, ...others } = input as Record<string, unknown>
  if (typeof command === 'string') return { kind: 'command', command, rest: fieldsOf(others) }
  const change = changeOf(input as Record<string, unknown>)
  return change ?? { kind: 'fields', fields: fieldsOf(input as Record<string, unknown>) }
}

function changeOf(input: Record<string, unknown>): ToolInput | undefined {
  const { file_path: path, old_string: before, new_string: after, content, edits, ...rest } = input
  if (typeof path !== 'string') return undefined
  if (typeof before === 'string' && typeof after === 'string' && content === undefined && edits === undefined)
    return { kind: 'change', path, changes: [changedLines(before, after)], rest: fieldsOf(rest) }
  if (typeof content === 'string' && before === undefined && after === undefined && edits === undefined)
    return { kind: 'change', path, changes: [changedLines('', content)], rest: fieldsOf(rest) }
  if (Array.isArray(edits) && before === undefined && after === undefined && content === undefined) {
    const changes = edits.map(editLines)
    if (changes.every((change) => change !== undefined)) return { kind: 'change', path, changes, rest: fieldsOf(rest) }
  }
  return undefined
}

/** An edit that holds more than two texts is shown as it is. */
function editLines(edit: unknown): ChangedLine[] | undefined {
  if (typeof edit !== 'object' || edit === null) return undefined
  const { old_string: before, new_string: after, ...rest } = edit as Record<string, unknown>
  if (typeof before !== 'string' || typeof after !== 'string' || Object.keys(rest).length > 0) return undefined
  return changedLines(before, after)
}

/** What goes and what comes, between the lines at both ends that stay. */
export function changedLines(before: string, after: string): ChangedLine[] {
  const old = before === '' ? [] : before.split('\n')
  const now = after === '' ? [] : after.split('\n')
  let start = 0
  while (start < old.length && start < now.length && old[start] === now[start]) start++
  let end = 0
  const most = Math.min(old.length, now.length) - start
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end++
  const lines = (texts: readonly string[], sign: ChangedLine['sign']) => texts.map((text) => ({ sign, text }))
  return [
    ...lines(old.slice(0, start), ' '),
    ...lines(old.slice(start, old.length - end), '-'),
    ...lines(now.slice(start, now.length - end), '+'),
    ...lines(old.slice(old.length - end), ' '),
  ]
}

function fieldsOf(input: Record<string, unknown>): Field[] {
  return Object.entries(input).map(([name, value]) => ({ name, text: show(value) }))
}

const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, undefined, 2))
