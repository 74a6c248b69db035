import type { AgentEventOf, Hunk, ToolContent } from '@skein/protocol'
import { rowsOfHunks, rowsOfText, statOfHunks } from './diff.ts'
import { duration } from './figures.ts'
import { type Row, row, type Span, span } from './row.ts'

const DIFF_ROWS = 12
const ERROR_ROWS = 4

type ToolCall = AgentEventOf<'tool_call'>
type ToolUpdate = AgentEventOf<'tool_call_update'>

/** A tool call as far as it is known; folded from `tool_call` and its updates. */
export interface Tool {
  readonly toolCallId: string
  readonly name: string
  readonly title: string
  readonly kind: ToolCall['kind']
  readonly status: ToolCall['status']
  readonly content: readonly ToolContent[]
  readonly denied?: ToolUpdate['denied']
  readonly startedAt: number
  /** How deep inside sub-agents. */
  readonly depth: number
}

export function toolOf(call: ToolCall, at: number, depth: number): Tool {
  const { toolCallId, name, title, kind, status } = call
  return { toolCallId, name, title, kind, status, content: call.content ?? [], startedAt: at, depth }
}

export function updated(tool: Tool, update: ToolUpdate): Tool {
  return {
    ...tool,
    title: update.title ?? tool.title,
    status: update.denied ? 'failed' : (update.status ?? tool.status),
    content: update.content ?? tool.content,
    ...(update.denied ? { denied: update.denied } : {}),
  }
}

export function isOver(tool: Tool): boolean {
  return tool.status === 'completed' || tool.status === 'failed'
}

/** The line of a tool call that runs. */
export function runningToolRow(tool: Tool, spinner: string, now: number): Row {
  const elapsed = now - tool.startedAt
  return row(
    indent(tool),
    span(`${spinner} `, 'accent'),
    ...name(tool),
    ...(elapsed >= 1000 ? [span(`  ${duration(elapsed)}`, 'dim')] : []),
  )
}

/** A tool call that is over: one line, with a part of its diff or the reason why it failed below. */
export function finishedToolRows(tool: Tool, now: number): Row[] {
  // Plans are shown as plans, and the change of mode by what follows.
  if (tool.kind === 'switch_mode' && tool.status === 'completed') return []
  const hunks = tool.content.flatMap((part) => (part.type === 'diff' ? hunksOf(part) : []))
  const { added, deleted } = statOfHunks(hunks)
  const mark = tool.denied ? span('⊘ ', 'warn') : tool.status === 'failed' ? span('✗ ', 'bad') : span('✓ ', 'good')
  const head = row(
    indent(tool),
    mark,
    ...name(tool),
    ...(added > 0 ? [span(` +${added}`, 'added')] : []),
    ...(deleted > 0 ? [span(` −${deleted}`, 'removed')] : []),
    ...(tool.denied ? [span(`  denied${tool.denied.by === 'user' ? '' : ` by ${tool.denied.by}`}`, 'warn')] : []),
    span(`  ${duration(now - tool.startedAt)}`, 'dim'),
  )
  return [head, ...details(tool, hunks).map((line) => row(indent(tool), '  ', ...line))]
}

function details(tool: Tool, hunks: readonly Hunk[]): Row[] {
  if (tool.denied) return tool.denied.reason ? [row(span(firstLines(tool.denied.reason, 1)[0] ?? '', 'dim'))] : []
  if (tool.status === 'failed') return firstLines(outputOf(tool), ERROR_ROWS).map((line) => row(span(line, 'dim')))
  if (tool.depth > 0) return []
  if (hunks.length > 0) return isInside(tool) ? rowsOfHunks(hunks, DIFF_ROWS) : []
  if (tool.kind !== 'execute') return []
  const lines = outputOf(tool).trimEnd().split('\n')
  const last = lines.at(-1)?.trim()
  return last
    ? [row(span(`⎿ ${last}`, 'dim'), ...(lines.length > 1 ? [span(` (${lines.length} lines)`, 'dim')] : []))]
    : []
}

/** Titles name what is in the workspace by a relative path; an agent's own notes elsewhere are not worth their lines. */
function isInside(tool: Tool): boolean {
  return !tool.content.some(
    (part) => part.type === 'diff' && part.path.startsWith('/') && tool.title.includes(part.path),
  )
}

function name(tool: Tool): Span[] {
  const title = tool.title.replace(/\s*\n\s*/g, ' ').trim()
  // A title may or may not begin with the tool's name.
  if (title === '' || title === tool.name) return [span(tool.name, 'strong')]
  const rest = title.startsWith(`${tool.name} `) ? title.slice(tool.name.length + 1) : title
  return [span(`${tool.name} `, 'strong'), span(rest)]
}

function indent(tool: Tool): string {
  return '  '.repeat(tool.depth)
}

function outputOf(tool: Tool): string {
  return tool.content
    .flatMap((part) => (part.type === 'content' && part.content.type === 'text' ? [part.content.text] : []))
    .join('\n')
}

function firstLines(text: string, limit: number): string[] {
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
  return lines.length > limit ? [...lines.slice(0, limit - 1), `${lines[limit - 1]} …`] : lines
}

/** Hunks as the agent gave them, or the whole of a new file. */
function hunksOf(diff: Extract<ToolContent, { type: 'diff' }>): Hunk[] {
  if (diff.hunks && diff.hunks.length > 0) return diff.hunks
  const removed = diff.oldText ? rowsOfText(diff.oldText, '-') : []
  const added = diff.newText ? rowsOfText(diff.newText, '+') : []
  const lines = [...removed, ...added].map((line) => line.map(({ text }) => text).join(''))
  if (lines.length === 0) return []
  return [{ oldStart: 1, oldLines: removed.length, newStart: 1, newLines: added.length, lines }]
}
