import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ErrorReply, MessageReply, Pace, ReplyBlock, Usage } from './reply.ts'

/** The connection is gone: how an agent that was interrupted or killed looks from here. No fault of ours. */
export class ClientLeft extends Error {
  constructor(options?: ErrorOptions) {
    super('the client left', options)
  }
}

/** What a reply needs to become a message: who it is for, what it costs and how fast it is told. */
export interface Delivery {
  model: string
  usage: Usage
  /** For blocks that do not say. */
  delayMs: number
  charsPerDelta: number
  /** Same text, same id: ids depend on nothing but the conversation and the place in it. */
  idSeed: string
  /** The client has left, or the server closes. */
  signal: AbortSignal
  pingEveryMs: number
}

/** The reply as a stream of server-sent events, as the Messages API tells it. */
export async function streamMessage(response: ServerResponse, reply: MessageReply, delivery: Delivery): Promise<void> {
  const { signal } = delivery
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'request-id': id('req', delivery, 0),
  })
  const send = (event: ApiEvent) => write(response, `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`, signal)

  await send({ type: 'message_start', message: { ...envelope(delivery), content: [], stop_reason: null } })
  await send({ type: 'ping' })
  for (const [index, block] of reply.blocks.entries()) {
    const isLast = index === reply.blocks.length - 1
    await send({ type: 'content_block_start', index, content_block: emptyBlock(block, delivery, index) })
    const deltas = deltasOf(block, delivery)
    for (const [n, delta] of deltas.entries()) {
      if (isLast && n === Math.floor(deltas.length / 2) && !(await survives(reply, response, delivery, send))) return
      const delayMs = block.pace.delayMs ?? delivery.delayMs
      if (delayMs > 0) await sleep(delayMs, undefined, { signal })
      await send({ type: 'content_block_delta', index, delta })
    }
    await send({ type: 'content_block_stop', index })
  }
  if (reply.blocks.length === 0 && !(await survives(reply, response, delivery, send))) return
  await send({
    type: 'message_delta',
    delta: { stop_reason: stopReasonOf(reply), stop_sequence: null },
    usage: delivery.usage,
  })
  await send({ type: 'message_stop' })
  response.end()
}

/** The reply as one JSON document. */
export async function sendMessage(response: ServerResponse, reply: MessageReply, delivery: Delivery): Promise<void> {
  if (reply.ending.how === 'cut') return void response.destroy()
  if (reply.ending.how === 'error') return sendError(response, reply.ending.error)
  if (reply.ending.how === 'hang') await aborted(delivery.signal, reply.ending.until)
  const content = reply.blocks.map((block, index) => ({ ...emptyBlock(block, delivery, index), ...filled(block) }))
  sendJson(response, 200, {
    ...envelope(delivery),
    content,
    stop_reason: stopReasonOf(reply),
    usage: delivery.usage,
  })
}

export function sendError(response: ServerResponse, error: ErrorReply): void {
  const headers: Record<string, string> =
    error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }
  sendJson(response, error.status, { type: 'error', error: { type: error.type, message: error.message } }, headers)
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** At the point where a stream may break: does what the reply's ending says, and tells whether the stream goes on. */
async function survives(
  reply: MessageReply,
  response: ServerResponse,
  delivery: Delivery,
  send: (event: ApiEvent) => Promise<void>,
): Promise<boolean> {
  const { ending } = reply
  if (ending.how === 'complete') return true
  if (ending.how === 'cut') {
    response.destroy()
    return false
  }
  if (ending.how === 'error') {
    await send({ type: 'error', error: { type: ending.error.type, message: ending.error.message } })
    response.end()
    return false
  }
  const pings = setInterval(() => response.write('event: ping\ndata: {"type":"ping"}\n\n'), delivery.pingEveryMs)
  try {
    await aborted(delivery.signal, ending.until)
  } finally {
    clearInterval(pings)
  }
  return true
}

/** Waits for `until`; throws when `signal` comes first. */
async function aborted(signal: AbortSignal, until: AbortSignal | undefined): Promise<void> {
  if (!until?.aborted) await once(until === undefined ? signal : AbortSignal.any([signal, until]), 'abort', { signal })
  signal.throwIfAborted()
}

/** Resolves when the chunk has left: whatever destroys the socket afterwards, the client gets it. */
async function write(response: ServerResponse, chunk: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    response.write(chunk, (error) => (error ? reject(new ClientLeft({ cause: error })) : resolve()))
  })
}

type ApiEvent = { type: string } & Record<string, unknown>

function envelope(delivery: Delivery): Record<string, unknown> {
  return {
    id: id('msg', delivery, 0),
    type: 'message',
    role: 'assistant',
    model: delivery.model,
    stop_sequence: null,
    usage: { ...delivery.usage, output_tokens: 1 },
  }
}

function emptyBlock(block: ReplyBlock, delivery: Delivery, index: number): Record<string, unknown> {
  if (block.type === 'text') return { type: 'text', text: '' }
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  return { type: 'tool_use', id: id('toolu', delivery, index), name: block.name, input: {} }
}

function filled(block: ReplyBlock): Record<string, unknown> {
  if (block.type === 'text') return { text: block.text }
  if (block.type === 'thinking') return { thinking: block.text, signature: signature(block.text) }
  return { input: block.input }
}

function deltasOf(block: ReplyBlock, delivery: Delivery): Record<string, unknown>[] {
  const pieces = (content: string) => split(content, countOf(content, block.pace, delivery))
  if (block.type === 'text') return pieces(block.text).map((text) => ({ type: 'text_delta', text }))
  if (block.type === 'tool_use')
    return pieces(JSON.stringify(block.input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
  return [
    ...pieces(block.text).map((thinking) => ({ type: 'thinking_delta', thinking })),
    { type: 'signature_delta', signature: signature(block.text) },
  ]
}

function countOf(content: string, pace: Pace, delivery: Delivery): number {
  return pace.deltas ?? Math.ceil(content.length / delivery.charsPerDelta)
}

/** `count` pieces of nearly equal length that join to `content`; never cuts a surrogate pair. */
function split(content: string, count: number): string[] {
  const characters = Array.from(content)
  const pieces = Math.max(1, Math.min(count, characters.length))
  return Array.from({ length: pieces }, (_, n) =>
    characters
      .slice(Math.round((n * characters.length) / pieces), Math.round(((n + 1) * characters.length) / pieces))
      .join(''),
  )
}

function stopReasonOf(reply: MessageReply): string {
  return reply.stopReason ?? (reply.blocks.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn')
}

function id(prefix: string, delivery: Delivery, index: number): string {
  return `${prefix}_01${createHash('sha256').update(`${delivery.idSeed}/${prefix}/${index}`).digest('hex').slice(0, 22)}`
}

function signature(thought: string): string {
  return createHash('sha256').update(thought).digest('base64')
}
