/** What the model answers. Made by the functions below. */
export type ModelReply = MessageReply | ErrorReply

export interface MessageReply {
  kind: 'message'
  blocks: ReplyBlock[]
  stopReason?: 'end_turn' | 'tool_use' | 'max_tokens' | 'stop_sequence' | 'refusal' | 'pause_turn'
  usage?: Partial<Usage>
  ending: Ending
}

/** How a stream ends: as it should; the socket destroyed; silent until `until`; with an error event. */
export type Ending =
  | { how: 'complete' }
  | { how: 'cut' }
  | { how: 'hang'; until?: AbortSignal | undefined }
  | { how: 'error'; error: ErrorReply }

export interface ErrorReply {
  kind: 'error'
  status: number
  type: string
  message: string
  /** Seconds. */
  retryAfter?: number
}

export type ReplyBlock =
  | { type: 'text'; text: string; pace: Pace }
  | { type: 'thinking'; text: string; pace: Pace }
  | { type: 'tool_use'; name: string; input: Record<string, unknown>; pace: Pace }

/** How a block is streamed: in so many deltas, so long apart. What is not given comes from the server's options. */
export interface Pace {
  deltas?: number
  delayMs?: number
}

export interface Usage {
  input_tokens: number
  output_tokens: number
  cache_read_input_tokens: number
  cache_creation_input_tokens: number
}

export interface ReplyOptions {
  stopReason?: MessageReply['stopReason']
  usage?: Partial<Usage>
}

export const text = (content: string, pace: Pace = {}): ReplyBlock => ({ type: 'text', text: content, pace })
export const thinking = (content: string, pace: Pace = {}): ReplyBlock => ({ type: 'thinking', text: content, pace })
export const toolUse = (name: string, input: Record<string, unknown>, pace: Pace = {}): ReplyBlock => ({
  type: 'tool_use',
  name,
  input,
  pace,
})

/** A message of several blocks. The stop reason follows from them unless it is given. */
export function reply(blocks: ReplyBlock[], options: ReplyOptions = {}): MessageReply {
  return {
    kind: 'message',
    blocks,
    ...(options.stopReason === undefined ? {} : { stopReason: options.stopReason }),
    ...(options.usage === undefined ? {} : { usage: options.usage }),
    ending: { how: 'complete' },
  }
}

export function say(content: string, options: Pace & ReplyOptions = {}): MessageReply {
  return reply([text(content, options)], options)
}

/** Thinks, then says. */
export function think(thought: string, content: string, options: Pace & ReplyOptions = {}): MessageReply {
  return reply([thinking(thought, options), text(content, options)], options)
}

/** Calls one tool, after saying `saying` if that is given. */
export function useTool(
  name: string,
  input: Record<string, unknown>,
  options: Pace & ReplyOptions & { saying?: string } = {},
): MessageReply {
  const before = options.saying === undefined ? [] : [text(options.saying, options)]
  return reply([...before, toolUse(name, input, options)], options)
}

/** An error in Anthropic's shape, instead of a message. */
export function fail(status: keyof typeof ERRORS, options: { retryAfter?: number; message?: string } = {}): ErrorReply {
  const known = ERRORS[status]
  return {
    kind: 'error',
    status,
    type: known.type,
    message: options.message ?? known.message,
    ...(options.retryAfter === undefined ? {} : { retryAfter: options.retryAfter }),
  }
}

/** An error event in the middle of the last of `partial`. */
export function failMidway(error: ErrorReply, ...partial: ReplyBlock[]): MessageReply {
  return { ...reply(partial), ending: { how: 'error', error } }
}

/** Destroys the socket: in the middle of the last of `partial`, or right after the message's start. */
export function cut(...partial: ReplyBlock[]): MessageReply {
  return { ...reply(partial), ending: { how: 'cut' } }
}

/**
 * Streams the first half of the last of `partial`, then nothing but pings. Goes on to the end when `until` is aborted;
 * without it, hangs until the client leaves or the server closes.
 */
export function hang(until?: AbortSignal, ...partial: ReplyBlock[]): MessageReply {
  return { ...reply(partial), ending: { how: 'hang', until } }
}

const ERRORS = {
  400: { type: 'invalid_request_error', message: 'The request is not valid.' },
  401: { type: 'authentication_error', message: 'invalid x-api-key' },
  403: { type: 'permission_error', message: 'Your API key does not have permission to use this resource.' },
  404: { type: 'not_found_error', message: 'Not found.' },
  413: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
  429: { type: 'rate_limit_error', message: 'This request would exceed your rate limit.' },
  500: { type: 'api_error', message: 'Internal server error' },
  529: { type: 'overloaded_error', message: 'Overloaded' },
} as const
