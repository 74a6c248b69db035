/**
 * The part of Anthropic's Messages API that the model server reads: a request's body, narrowed from `unknown` once, here.
 * Source: https://docs.anthropic.com/en/api/messages. Unknown fields and block types are let through untouched.
 */
export interface ApiRequest {
  model: string
  stream: boolean
  system: string
  messages: ApiMessage[]
  tools: string[]
  userId: string
  maxTokens: number
}

/** `system` messages stand between the others: Claude Code tells the model of its environment and mode that way. */
export interface ApiMessage {
  role: 'user' | 'assistant' | 'system'
  content: ApiBlock[]
}

export type ApiBlock =
  | { type: 'text'; text: string }
  | { type: 'image'; mediaType: string; data: Buffer }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> }
  | {
      type: 'tool_result'
      toolUseId: string
      text: string
      isError: boolean
      images: { mediaType: string; data: Buffer }[]
    }
  | { type: 'other'; kind: string }

/** Throws an `ApiRequestError`, whose message is what the API would answer with status 400. */
export function parseApiRequest(body: unknown): ApiRequest {
  const request = asRecord(body)
  if (request === undefined) throw new ApiRequestError('the body is not a JSON object')
  if (typeof request.model !== 'string') throw new ApiRequestError('model: field required')
  if (!Array.isArray(request.messages) || request.messages.length === 0)
    throw new ApiRequestError('messages: at least one message is required')
  return {
    model: request.model,
    stream: request.stream === true,
    system: textOf(request.system),
    messages: request.messages.map(parseMessage),
    tools: asArray(request.tools).map((tool) => String(asRecord(tool)?.name ?? '')),
    userId: String(asRecord(request.metadata)?.user_id ?? ''),
    maxTokens: typeof request.max_tokens === 'number' ? request.max_tokens : 0,
  }
}

export class ApiRequestError extends Error {}

function parseMessage(value: unknown, index: number): ApiMessage {
  const message = asRecord(value)
  const role = message?.role
  if (role !== 'user' && role !== 'assistant' && role !== 'system')
    throw new ApiRequestError(`messages.${index}.role: must be user, assistant or system`)
  const content = message?.content
  if (typeof content === 'string') return { role, content: [{ type: 'text', text: content }] }
  if (!Array.isArray(content)) throw new ApiRequestError(`messages.${index}.content: field required`)
  return { role, content: content.map(parseBlock) }
}

function parseBlock(value: unknown): ApiBlock {
  const block = asRecord(value) ?? {}
  switch (block.type) {
    case 'text':
      return { type: 'text', text: String(block.text ?? '') }
    case 'image': {
      const source = asRecord(block.source) ?? {}
      return {
        type: 'image',
        mediaType: String(source.media_type ?? ''),
        data: Buffer.from(String(source.data ?? ''), 'base64'),
      }
    }
    case 'tool_use':
      return {
        type: 'tool_use',
        id: String(block.id),
        name: String(block.name),
        input: asRecord(block.input) ?? {},
      }
    case 'tool_result': {
      const images = asArray(block.content)
        .map(parseBlock)
        .flatMap((part) => (part.type === 'image' ? [{ mediaType: part.mediaType, data: part.data }] : []))
      return {
        type: 'tool_result',
        toolUseId: String(block.tool_use_id),
        text: textOf(block.content),
        isError: block.is_error === true,
        images,
      }
    }
    default:
      return { type: 'other', kind: String(block.type) }
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return asArray(content)
    .map((block) => asRecord(block)?.text)
    .filter((text) => typeof text === 'string')
    .join('\n')
}

export function asRecord(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Record<string, unknown>
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
