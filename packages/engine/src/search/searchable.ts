import { type AgentEvent, type ContentBlock, type SearchHit, type ToolContent, textOf } from '@skein/protocol'

/** Of something long, its beginning and its end are searched. */
const HEAD = 24 * 1024
const TAIL = 8 * 1024

/** What can be found of an event, and as what; undefined for events that say nothing to a person. */
export function searchable(event: AgentEvent): { kind: SearchHit['kind']; text: string } | undefined {
  switch (event.type) {
    case 'user_message':
      return said('prompt', textOf(event.content))
    case 'agent_message':
      return said('answer', textOf(event.content))
    case 'agent_thought':
      return said('thought', textOf(event.content))
    case 'tool_call':
      return said('tool', [event.title, stringsIn(event.rawInput), contentText(event.content)])
    case 'tool_call_update':
      return said('tool', [contentText(event.content) || stringsIn(event.rawOutput)])
    case 'plan_update':
      // Approved, it is what was proposed.
      return event.state === 'proposed' ? said('plan', event.markdown) : undefined
    case 'plan':
      return said('plan', event.entries.map(({ content }) => content).join('\n'))
    case 'elicitation_request':
      return said('other', [event.message ?? '', ...(event.questions ?? []).map(({ question }) => question)])
    case 'subagent_update':
      return said('other', [event.title, event.summary ?? ''])
    default:
      return undefined
  }
}

function said(kind: SearchHit['kind'], parts: string | string[]) {
  const text = (typeof parts === 'string' ? [parts] : parts).filter((part) => part !== '').join('\n')
  if (text.trim() === '') return undefined
  return { kind, text: text.length <= HEAD + TAIL ? text : `${text.slice(0, HEAD)}\n${text.slice(-TAIL)}` }
}

function contentText(content: readonly ToolContent[] | undefined): string {
  return (content ?? [])
    .flatMap((item) => {
      if (item.type === 'content') return blockText(item.content)
      if (item.type !== 'diff') return []
      return [item.path, item.newText ?? '', ...(item.hunks ?? []).flatMap(({ lines }) => lines)]
    })
    .join('\n')
}

function blockText(block: ContentBlock): string[] {
  return block.type === 'text' ? [block.text] : []
}

/** The words of a tool's arguments: every string in them, whatever its name. */
function stringsIn(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || depth > 5) return ''
  return Object.values(value)
    .map((item) => stringsIn(item, depth + 1))
    .filter((text) => text !== '')
    .join('\n')
}
