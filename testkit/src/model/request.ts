import type { IncomingHttpHeaders } from 'node:http'
import { type ApiMessage, type ApiRequest, asRecord } from './messages-api.ts'

/** A request for a message, with what a script usually asks of it already found. */
export interface ModelRequest {
  /** `main`: the agent's own loop; `subagent`: the loop of a sub-agent; `side`: titles, summaries, classifiers, probes. */
  kind: 'main' | 'subagent' | 'side'
  /** The agent's session id; separates conversations that run at the same time. */
  conversation: string
  /** Which sub-agent asks; undefined in the main loop. */
  agentId: string | undefined
  /** 1 for the first request of its loop that this server saw, then 2, and so on. Retries count. */
  turn: number
  /** What the person last wrote. In the middle of a turn it is still the prompt of that turn. */
  lastUserText: string
  /** All that the person wrote in this conversation, oldest first, without what Claude Code adds for itself. */
  userTexts: string[]
  /** Results in the last message; empty when the person spoke last. */
  toolResults: ToolResult[]
  /** Every tool call that has a result, oldest first. */
  toolHistory: ToolResult[]
  images: { mediaType: string; data: Buffer }[]
  /** The folder that the agent says it works in. */
  cwd: string
  /** In plan mode, the file that the plan belongs in; otherwise undefined. */
  planFile: string | undefined
  /** What the model said before, oldest first. */
  assistantTexts: string[]
  /** Names of the tools that are offered. */
  tools: string[]
  /** System prompt and the system messages between the others. */
  system: string
  model: string
  messages: ApiMessage[]
  /** The body as it came. */
  body: unknown
  headers: IncomingHttpHeaders
}

export interface ToolResult {
  toolUseId: string
  name: string
  input: Record<string, unknown>
  text: string
  isError: boolean
  /** Since the person's last text: belongs to the turn that is under way. */
  thisTurn: boolean
}

export function describeRequest(
  api: ApiRequest,
  body: unknown,
  headers: IncomingHttpHeaders,
): Omit<ModelRequest, 'turn'> {
  const agentId = agentIdIn(headers)
  const userTexts = api.messages.flatMap((message) => (message.role === 'user' ? writtenTexts(message) : []))
  const history = toolHistory(api.messages)
  const last = lastUserMessage(api.messages)
  const system = [api.system, ...api.messages.filter((message) => message.role === 'system').map(allText)].join('\n')
  const lastIds = new Set(last?.content.flatMap((block) => (block.type === 'tool_result' ? [block.toolUseId] : [])))
  return {
    kind: kindOf(api, agentId, userTexts.at(-1) ?? ''),
    agentId,
    conversation: conversationOf(api, headers),
    lastUserText: userTexts.at(-1) ?? '',
    userTexts,
    toolResults: history.filter((result) => lastIds.has(result.toolUseId)),
    toolHistory: history,
    cwd: /Primary working directory: (.+)/.exec(system)?.[1] ?? '',
    planFile: planFileIn([...api.messages].map(allText).join('\n')),
    images: api.messages.flatMap((message) => message.content.flatMap(imagesIn)),
    assistantTexts: api.messages.flatMap((message) =>
      message.role === 'assistant'
        ? message.content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
        : [],
    ),
    tools: api.tools,
    system,
    model: api.model,
    messages: api.messages,
    body,
    headers,
  }
}

/**
 * Claude Code offers tools in the loops of agents and, of all else that it asks, only when it wants a conversation summed up, so
 * that the cache serves it; a sub-agent says who it is in a header.
 */
function kindOf(api: ApiRequest, agentId: string | undefined, lastUserText: string): ModelRequest['kind'] {
  if (api.tools.length === 0 || COMPACTION.test(lastUserText)) return 'side'
  return agentId === undefined ? 'main' : 'subagent'
}

/** How the prompt for a summary begins. */
const COMPACTION = /^CRITICAL: Respond with TEXT ONLY/

function agentIdIn(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['x-claude-code-agent-id']
  return typeof header === 'string' ? header : undefined
}

function conversationOf(api: ApiRequest, headers: IncomingHttpHeaders): string {
  const header = headers['x-claude-code-session-id']
  if (typeof header === 'string') return header
  try {
    return String(asRecord(JSON.parse(api.userId))?.session_id ?? '')
  } catch {
    return api.userId
  }
}

function toolHistory(messages: ApiMessage[]): ToolResult[] {
  const uses = new Map(
    messages.flatMap((message) =>
      message.content.flatMap((block) => (block.type === 'tool_use' ? [[block.id, block] as const] : [])),
    ),
  )
  const lastWritten = messages.findLastIndex((message) => message.role === 'user' && writtenTexts(message).length > 0)
  return messages.flatMap((message, index) =>
    message.content.flatMap((block) => {
      if (block.type !== 'tool_result') return []
      const use = uses.get(block.toolUseId)
      return [
        {
          toolUseId: block.toolUseId,
          name: use?.name ?? '',
          input: use?.input ?? {},
          text: block.text,
          isError: block.isError,
          thisTurn: index >= lastWritten,
        },
      ]
    }),
  )
}

/** Claude Code announces plan mode, with the path of the plan's file, and its end; the last announcement counts. */
function planFileIn(texts: string): string | undefined {
  const entered = texts.search(/(?:Plan mode (?:is|still) active|Re-entering Plan Mode)(?![\s\S]*Exited Plan Mode)/i)
  if (entered === -1) return undefined
  return [...texts.matchAll(/\bplan\b[^\n]*? at:? (\/[^\n]+?\.md)\b/gi)].at(-1)?.[1]
}

/** Texts of a user message that a person wrote: Claude Code wraps most of what it adds in tags. */
function writtenTexts(message: ApiMessage): string[] {
  return message.content
    .flatMap((block) => (block.type === 'text' ? [block.text] : []))
    .filter((text) => !ADDED_BY_CLAUDE.test(text))
}

const ADDED_BY_CLAUDE =
  /^\s*(<(system-reminder|local-command-|command-name|task-notification)|\[Request interrupted by user|\[Image: |This session is being continued from a previous conversation|Continue from where you left off\.\s*$)/

function imagesIn(block: ApiMessage['content'][number]): { mediaType: string; data: Buffer }[] {
  if (block.type === 'image') return [{ mediaType: block.mediaType, data: block.data }]
  return block.type === 'tool_result' ? block.images : []
}

function lastUserMessage(messages: ApiMessage[]): ApiMessage | undefined {
  return messages.findLast((message) => message.role === 'user')
}

function allText(message: ApiMessage): string {
  return message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
}
