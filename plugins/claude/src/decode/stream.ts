import { type Json, number, object, string } from '../json.ts'
import type { OpenBlock, OpenStream } from '../state.ts'
import type { Fold } from './fold.ts'

/** `stream_event`: an event of the Messages API's stream, as it comes. Answers whether it is one that we know. */
export function streamed(fold: Fold, message: Json): boolean {
  const event = object(message.event)
  const parent = string(message.parent_tool_use_id)
  fold.placeIn(string(message.agent_id), parent)
  switch (event.type) {
    case 'message_start':
      messageStarts(fold, parent, object(event.message))
      return true
    case 'content_block_start':
      blockStarts(fold, parent, event)
      return true
    case 'content_block_delta':
      return delta(fold, parent, event)
    case 'message_delta':
      return true
    case 'content_block_stop':
    case 'message_stop':
    case 'ping':
    case 'error':
      return true
    default:
      return false
  }
}

function messageStarts(fold: Fold, parent: string | undefined, started: Json): void {
  const messageId = string(started.id)
  if (messageId !== undefined) replaceStream(fold, { parentToolCallId: parent, messageId, next: 0, blocks: [] })
}

function blockStarts(fold: Fold, parent: string | undefined, event: Json): void {
  const stream = fold.state.streams.find((open) => open.parentToolCallId === parent)
  const index = number(event.index)
  if (!stream || index === undefined) return
  const begun = object(event.content_block)
  const block: OpenBlock = {
    index,
    type: string(begun.type) ?? '',
    toolCallId: string(begun.id),
    name: string(begun.name),
    at: 0,
  }
  const others = stream.blocks.filter((other) => other.index !== index)
  replaceStream(fold, { ...stream, next: Math.max(stream.next, index + 1), blocks: [...others, block] })
}

/** Deltas that carry nothing to show. */
const SILENT: ReadonlySet<unknown> = new Set(['signature_delta', 'citations_delta'])

function delta(fold: Fold, parent: string | undefined, event: Json): boolean {
  const change = object(event.delta)
  if (SILENT.has(change.type)) return true
  const text = string(change.text) ?? string(change.thinking) ?? string(change.partial_json)
  if (text === undefined) return false
  const stream = fold.state.streams.find((open) => open.parentToolCallId === parent)
  const block = stream?.blocks.find((open) => open.index === event.index)
  if (!stream || !block || text === '') return true
  const messageId = `${stream.messageId}:${block.index}`
  if (change.type === 'text_delta') fold.emit({ type: 'agent_message_chunk', messageId, at: block.at, text })
  else if (change.type === 'thinking_delta') fold.emit({ type: 'agent_thought_chunk', messageId, at: block.at, text })
  else if (block.toolCallId !== undefined)
    fold.emit({ type: 'tool_call_chunk', toolCallId: block.toolCallId, name: block.name ?? '', at: block.at, text })
  const grown = { ...block, at: block.at + text.length }
  replaceStream(fold, { ...stream, blocks: stream.blocks.map((open) => (open === block ? grown : open)) })
  return true
}

/**
 * The index of a block that is now whole. Claude Code writes one line a block without saying which: it is the first open block
 * of its type, or, where nothing was streamed, the next one.
 */
export function finishBlock(fold: Fold, parent: string | undefined, messageId: string, type: string): number {
  const open = fold.state.streams.find((stream) => stream.parentToolCallId === parent)
  const stream = open?.messageId === messageId ? open : { parentToolCallId: parent, messageId, next: 0, blocks: [] }
  const block = stream.blocks.find((candidate) => candidate.type === type)
  const index = block?.index ?? stream.next
  replaceStream(fold, {
    ...stream,
    next: Math.max(stream.next, index + 1),
    blocks: stream.blocks.filter((candidate) => candidate !== block),
  })
  return index
}

function replaceStream(fold: Fold, stream: OpenStream): void {
  const others = fold.state.streams.filter((open) => open.parentToolCallId !== stream.parentToolCallId)
  fold.state.streams = [...others, stream]
}
