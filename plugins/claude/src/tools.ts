import type { AgentEventOf, ToolContent, ToolKind } from '@skein/plugin-api'
import { type Json, number, object, objects, string } from './json.ts'
import { oneLine } from './terminal-text.ts'

type Described = Pick<AgentEventOf<'tool_call'>, 'title' | 'kind' | 'locations' | 'content'>

/** A tool call as a person reads it: one line, its kind, the files it is about and, for edits, the change it asks for. */
export function describeTool(name: string, input: Json, cwd: string | undefined): Described {
  const path = string(input.file_path) ?? string(input.notebook_path) ?? string(input.path)
  const line = number(input.offset)
  const content = changeOf(name, input, path)
  return {
    title: titleOf(name, input, path === undefined ? undefined : within(cwd, path)),
    kind: kindOf(name),
    ...(path === undefined ? {} : { locations: [{ path, ...(isLine(line) ? { line } : {}) }] }),
    ...(content.length > 0 ? { content } : {}),
  }
}

function titleOf(name: string, input: Json, path: string | undefined): string {
  const said = (key: string) => oneLine(string(input[key]) ?? '')
  switch (name) {
    case 'Read':
    case 'NotebookRead':
      return `Read ${path ?? 'a file'}`
    case 'Edit':
    case 'MultiEdit':
    case 'NotebookEdit':
      return `Edit ${path ?? 'a file'}`
    case 'Write':
      return `Write ${path ?? 'a file'}`
    case 'LS':
      return `List ${path ?? 'the folder'}`
    case 'Bash':
      return `Run ${said('command') || 'a command'}`
    case 'BashOutput':
    case 'TaskOutput':
      return 'Read the output of a background task'
    case 'KillShell':
    case 'KillBash':
    case 'TaskStop':
      return 'Stop a background task'
    case 'Monitor':
      return `Watch ${said('description') || said('command')}`
    case 'Glob':
      return `Find ${said('pattern')}`
    case 'Grep':
      return `Search for ${said('pattern')}${path === undefined ? '' : ` in ${path}`}`
    case 'WebFetch':
      return `Fetch ${said('url')}`
    case 'WebSearch':
      return `Search the web for ${said('query')}`
    case 'SandboxNetworkAccess':
      return `Connect to ${said('host') || 'the network'}`
    case 'Agent':
    case 'Task':
      return `Delegate: ${said('description') || said('prompt')}`
    case 'TodoWrite':
      return 'Update the task list'
    case 'TaskCreate':
      return `Add task: ${said('subject')}`
    case 'TaskUpdate':
      return `Update task #${said('taskId')}`
    case 'TaskList':
    case 'TaskGet':
      return 'Look at the task list'
    case 'EnterPlanMode':
      return 'Enter plan mode'
    case 'ExitPlanMode':
      return 'Present the plan'
    case 'AskUserQuestion':
      return `Ask: ${oneLine(string(objects(input.questions)[0]?.question) ?? '')}`
    case 'Skill':
      return `Use the skill ${said('skill') || said('command')}`
    case 'ToolSearch':
      return 'Look for tools'
    default:
      return mcpTitle(name) ?? name
  }
}

/** `mcp__github__create_issue` → `github: create issue`. */
function mcpTitle(name: string): string | undefined {
  const [prefix, server, ...tool] = name.split('__')
  if (prefix !== 'mcp' || server === undefined || tool.length === 0) return undefined
  return `${server}: ${tool.join('__').replaceAll('_', ' ')}`
}

const KINDS: ReadonlyMap<string, ToolKind> = new Map([
  ...(['Read', 'NotebookRead', 'LS', 'BashOutput', 'TaskOutput'] as const).map((name) => [name, 'read'] as const),
  ...(['Edit', 'MultiEdit', 'Write', 'NotebookEdit'] as const).map((name) => [name, 'edit'] as const),
  ...(['Glob', 'Grep', 'ToolSearch'] as const).map((name) => [name, 'search'] as const),
  ...(['Bash', 'KillShell', 'KillBash', 'TaskStop', 'Monitor'] as const).map((name) => [name, 'execute'] as const),
  ...(['WebFetch', 'WebSearch', 'SandboxNetworkAccess'] as const).map((name) => [name, 'fetch'] as const),
  ...(['Agent', 'Task'] as const).map((name) => [name, 'agent'] as const),
  ...(['TodoWrite', 'TaskCreate', 'TaskUpdate', 'TaskList', 'TaskGet'] as const).map(
    (name) => [name, 'think'] as const,
  ),
  ...(['EnterPlanMode', 'ExitPlanMode'] as const).map((name) => [name, 'switch_mode'] as const),
])

function kindOf(name: string): ToolKind {
  return KINDS.get(name) ?? 'other'
}

/** The change as the model asks for it; what was really changed comes with the result. */
function changeOf(name: string, input: Json, path: string | undefined): ToolContent[] {
  if (path === undefined) return []
  if (name === 'Write') {
    const newText = string(input.content)
    return newText === undefined ? [] : [{ type: 'diff', path, newText }]
  }
  const edits = name === 'Edit' ? [input] : name === 'MultiEdit' ? objects(input.edits) : []
  return edits.flatMap((edit): ToolContent[] => {
    const oldText = string(edit.old_string)
    const newText = string(edit.new_string)
    return oldText === undefined || newText === undefined ? [] : [{ type: 'diff', path, oldText, newText }]
  })
}

const FILE_TOOLS: ReadonlySet<string> = new Set(['Read', 'NotebookRead', 'Edit', 'MultiEdit', 'Write', 'NotebookEdit'])
const SHELL_TEXT: ReadonlySet<string> = new Set(['stdout', 'stderr', 'noOutputExpected'])

/**
 * The part of a tool's structured result that its text does not say already. Files and output would only be stored twice.
 */
export function structuredOutput(name: string | undefined, result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return undefined
  if (name !== undefined && FILE_TOOLS.has(name)) return undefined
  if (name !== 'Bash') return result
  const said = Object.entries(object(result)).filter(
    ([key, value]) => !SHELL_TEXT.has(key) && value !== false && value !== undefined,
  )
  return said.length === 0 ? undefined : Object.fromEntries(said)
}

function within(cwd: string | undefined, path: string): string {
  return cwd !== undefined && path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path
}

function isLine(value: number | undefined): value is number {
  return Number.isInteger(value)
}
