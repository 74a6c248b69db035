import { textOf } from '@skein/protocol'
import type { Item, ToolItem } from './items.ts'

/** The words of an item, for finding and copying. */
export function wordsOf(item: Item): string {
  switch (item.type) {
    case 'prompt':
      return textOf(item.content as Parameters<typeof textOf>[0])
    case 'message':
    case 'thought':
      return item.text
    case 'tool':
      return [item.title, outputOf(item), ...item.children.map(wordsOf)].filter(Boolean).join('\n')
    case 'agent':
      return [item.agent.title, item.agent.summary].filter(Boolean).join('\n')
    case 'ask':
      return item.title
    case 'tasks':
      return item.entries.map((entry) => entry.content).join('\n')
    case 'plan':
      return item.markdown
    case 'notice':
      return [item.title, item.detail].filter(Boolean).join('\n')
    case 'process':
      return [item.reason, item.stderrTail].filter(Boolean).join('\n')
    case 'turn_end':
      return item.error?.message ?? item.detail ?? ''
    case 'compaction':
    case 'wake':
    case 'raw':
      return ''
  }
}

/** What a tool answered, as text. */
export function outputOf(item: ToolItem): string {
  const text = item.content.flatMap((part) =>
    part.type === 'content' && part.content.type === 'text' ? [part.content.text] : [],
  )
  if (text.length > 0) return text.join('\n')
  if (typeof item.rawOutput === 'string') return item.rawOutput
  return item.rawOutput === undefined ? '' : JSON.stringify(item.rawOutput, null, 2)
}
