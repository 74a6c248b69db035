import type { AgentEventOf, ContentBlock, Hunk, ToolContent } from '@skein/plugin-api'
import { type Json, list, number, object, objects, string, strings } from '../json.ts'
import type { OpenTool } from '../state.ts'
import { plain } from '../terminal-text.ts'
import { structuredOutput } from '../tools.ts'
import { answeredByResult } from './asks.ts'
import type { Fold } from './fold.ts'
import { taskListChanged } from './task-list.ts'
import { foregroundEnded } from './tasks.ts'
import { messageReached } from './turn.ts'

/**
 * `user`: the results of tools. Everything else that comes as a user's message is known already (our own prompts, sent back;
 * the prompts of sub-agents) or is Claude Code talking to the model.
 */
export function userSaid(fold: Fold, line: Json): void {
  const uuid = string(line.uuid)
  if (line.isReplay === true && uuid !== undefined && fold.state.messages.some((known) => known.id === uuid))
    messageReached(fold, uuid, 'started')
  fold.placeIn(string(line.agent_id), string(line.parent_tool_use_id))
  const results = objects(object(line.message).content).filter((block) => block.type === 'tool_result')
  for (const block of results) {
    // The structured form is given once a line, and newer versions write one line a result.
    toolReturned(fold, line, block, results.length === 1 ? line.tool_use_result : undefined)
  }
}

function toolReturned(fold: Fold, line: Json, block: Json, structured: unknown): void {
  const toolCallId = string(block.tool_use_id)
  if (toolCallId === undefined) return
  const tool = fold.state.tools.find((open) => open.id === toolCallId)
  fold.state.tools = fold.state.tools.filter((open) => open.id !== toolCallId)
  const failed = block.is_error === true
  answeredByResult(fold, toolCallId, !failed, textOfResult(block.content))

  const content = [...diffOf(tool, object(structured)), ...resultContent(block.content)]
  const rawOutput = structuredOutput(tool?.name, structured)
  const denied = deniedBy(line, toolCallId, block)
  fold.emit({
    type: 'tool_call_update',
    toolCallId,
    status: failed ? 'failed' : 'completed',
    ...(content.length > 0 ? { content } : {}),
    ...(rawOutput === undefined ? {} : { rawOutput }),
    ...(denied === undefined ? {} : { denied }),
  })
  foregroundEnded(fold, toolCallId, failed)
  if (tool && !failed) taskListChanged(fold, tool, object(structured))
}

/** The content of a result: a text, or blocks of text and images. */
export function resultContent(content: unknown): ToolContent[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : objects(content)
  return blocks.flatMap((block): ToolContent[] => {
    const read = contentBlock(block)
    return read === undefined ? [] : [{ type: 'content', content: read }]
  })
}

function contentBlock(block: Json): ContentBlock | undefined {
  const text = string(block.text)
  if (block.type === 'text' && text !== undefined) {
    const said = text.replace(/^<tool_use_error>([\s\S]*)<\/tool_use_error>$/, '$1')
    return said === '' ? undefined : { type: 'text', text: said }
  }
  const source = object(block.source)
  const data = string(source.data)
  if (block.type === 'image' && data !== undefined)
    return { type: 'image', mimeType: string(source.media_type) ?? 'image/png', data }
  const uri = string(block.url) ?? string(block.uri)
  const name = string(block.title) ?? string(block.name)
  return uri === undefined ? undefined : { type: 'resource_link', uri, ...(name === undefined ? {} : { name }) }
}

/** What was really changed: the hunks of an edit, or the whole of a new file. */
function diffOf(tool: OpenTool | undefined, result: Json): ToolContent[] {
  const path = string(result.filePath)
  if (path === undefined || tool?.name === 'Read' || tool?.name === 'ExitPlanMode') return []
  if (result.type === 'create') {
    const newText = string(result.content)
    return [{ type: 'diff', path, oldText: null, ...(newText === undefined ? {} : { newText }) }]
  }
  const hunks = objects(result.structuredPatch).flatMap(hunkOf)
  return hunks.length === 0 ? [] : [{ type: 'diff', path, hunks }]
}

function hunkOf(hunk: Json): Hunk[] {
  const [oldStart, oldLines, newStart, newLines] = [hunk.oldStart, hunk.oldLines, hunk.newStart, hunk.newLines].map(
    number,
  )
  if (!isCount(oldStart) || !isCount(oldLines) || !isCount(newStart) || !isCount(newLines)) return []
  return [{ oldStart, oldLines, newStart, newLines, lines: strings(hunk.lines) }]
}

function isCount(value: number | undefined): value is number {
  return Number.isInteger(value)
}

type Denied = NonNullable<AgentEventOf<'tool_call_update'>['denied']>

/** Who refused the tool, where it was refused. The field is not documented, so its absence says nothing. */
function deniedBy(line: Json, toolCallId: string, block: Json): Denied | undefined {
  const meta = objects(line.tool_result_meta).find((entry) => entry.id === toolCallId)
  const decision = object(meta?.permission_decision)
  if (decision.decision !== 'reject') return undefined
  return { by: denier(string(decision.source) ?? ''), reason: plain(textOfResult(block.content)) }
}

export function denier(source: string): Denied['by'] {
  if (source.startsWith('user')) return 'user'
  if (source.includes('hook')) return 'hook'
  return source.includes('classifier') ? 'classifier' : 'rule'
}

function textOfResult(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content)
    .map((block) => string(object(block).text) ?? '')
    .join('\n')
}
