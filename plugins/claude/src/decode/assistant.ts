import { classifyFailure } from '../failure.ts'
import { type Json, number, object, objects, string, strings } from '../json.ts'
import { describeTool } from '../tools.ts'
import type { Fold } from './fold.ts'
import { finishBlock } from './stream.ts'
import { resultContent } from './tool-result.ts'

/** `assistant`: one whole content block of a message, rarely several. */
export function assistantSaid(fold: Fold, line: Json): void {
  const message = object(line.message)
  const parent = string(line.parent_tool_use_id)
  fold.placeIn(string(line.agent_id), parent)
  if (string(line.error) !== undefined || line.is_api_error_message === true) {
    requestFailed(fold, line, message)
    return
  }
  const usage = object(message.usage)
  if (parent === undefined && number(usage.input_tokens))
    fold.state.context = { ...fold.state.context, used: sum(usage) }
  const id = string(message.id) ?? string(line.uuid) ?? ''
  if (parent === undefined) fold.state.saidAt = string(line.uuid) ?? fold.state.saidAt
  for (const block of objects(message.content)) saidBlock(fold, { line, message, parent, id, block })
}

interface Said {
  line: Json
  message: Json
  parent: string | undefined
  id: string
  block: Json
}

function saidBlock(fold: Fold, { line, message, parent, id, block }: Said): void {
  const type = string(block.type) ?? ''
  const messageId = `${id}:${finishBlock(fold, parent, id, type)}`
  const model = string(message.model)
  switch (type) {
    case 'text': {
      const text = string(block.text) ?? ''
      // What the CLI says where the model owed nothing; nobody said it.
      if (text === '' || (model === '<synthetic>' && text === 'No response requested.')) return
      const supersedes = superseded(fold, line, messageId)
      fold.emit({
        type: 'agent_message',
        messageId,
        content: [{ type: 'text', text }],
        ...(model === undefined || model === '<synthetic>' ? {} : { model }),
        ...(line.aborted === true ? { aborted: true } : {}),
        ...(supersedes.length > 0 ? { supersedes } : {}),
      })
      return
    }
    case 'thinking': {
      const text = string(block.thinking) ?? ''
      if (text !== '')
        fold.emit({
          type: 'agent_thought',
          messageId,
          content: [{ type: 'text', text }],
          ...(model === undefined ? {} : { model }),
        })
      return
    }
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      toolCalled(fold, parent, block)
      return
    default:
      serverToolAnswered(fold, block)
  }
}

const REMEMBER_INPUT: ReadonlySet<string> = new Set(['TodoWrite', 'TaskCreate', 'TaskUpdate', 'ExitPlanMode'])

function toolCalled(fold: Fold, parent: string | undefined, block: Json): void {
  const id = string(block.id)
  const name = string(block.name)
  if (id === undefined || name === undefined) return
  const input = object(block.input)
  fold.emit({
    type: 'tool_call',
    toolCallId: id,
    name,
    ...describeTool(name, input, fold.state.cwd),
    status: 'in_progress',
    rawInput: block.input,
  })
  fold.state.tools.push({
    id,
    name,
    agentId: fold.place.agentId,
    parentToolCallId: parent,
    input: REMEMBER_INPUT.has(name) ? input : undefined,
  })
}

/** A tool that ran on the API's side has its result in the same message. */
function serverToolAnswered(fold: Fold, block: Json): void {
  const toolCallId = string(block.tool_use_id)
  if (toolCallId === undefined) return
  fold.state.tools = fold.state.tools.filter((tool) => tool.id !== toolCallId)
  const failed = object(block.content).error_code !== undefined || block.is_error === true
  const content = resultContent(block.content)
  fold.emit({
    type: 'tool_call_update',
    toolCallId,
    status: failed ? 'failed' : 'completed',
    ...(content.length > 0 ? { content } : { rawOutput: block.content }),
  })
}

/** A failed request comes as a message that nobody wrote. The turn will end with it; where there is none, it is told at once. */
function requestFailed(fold: Fold, line: Json, message: Json): void {
  const text = objects(message.content).map((block) => string(block.text) ?? '')
  const failure = classifyFailure({
    name: string(line.error),
    status: number(line.api_error_status),
    connection: string(line.api_error),
    message: text.join('\n').trim() || 'the request to the model failed',
    resetsAt: fold.state.limitResetsAt,
  })
  // "server_error" is all that the name says of both a server that is busy and one that cannot be reached.
  const error =
    line.error === 'server_error' && line.api_error === undefined && failure.code === 'unknown'
      ? { ...failure, code: 'overloaded' as const, retryable: true }
      : failure
  if (fold.state.turn && line.parent_tool_use_id == null) fold.state.turn = { ...fold.state.turn, error }
  else fold.emit({ type: 'notice', severity: 'error', title: error.message, code: error.code })
}

const KEPT_LINES = 32

function superseded(fold: Fold, line: Json, messageId: string): string[] {
  const uuids = strings(line.supersedes)
  const gone = fold.state.lines.filter(({ uuid }) => uuids.includes(uuid)).map((known) => known.messageId)
  const uuid = string(line.uuid)
  if (uuid !== undefined) fold.state.lines = [...fold.state.lines, { uuid, messageId }].slice(-KEPT_LINES)
  return gone
}

function sum(usage: Json): number {
  return (
    (number(usage.input_tokens) ?? 0) +
    (number(usage.cache_read_input_tokens) ?? 0) +
    (number(usage.cache_creation_input_tokens) ?? 0) +
    (number(usage.output_tokens) ?? 0)
  )
}
