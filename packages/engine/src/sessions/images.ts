import type { AgentEvent, ContentBlock } from '@skein/protocol'
import type { Blobs } from '../store/blobs.ts'

/** The same event with its images' bytes in the blob store. */
export async function storeImages(blobs: Blobs, event: AgentEvent): Promise<AgentEvent> {
  switch (event.type) {
    case 'user_message':
    case 'agent_message':
    case 'agent_thought':
      return { ...event, content: await withoutBytes(blobs, event.content) }
    case 'tool_call':
    case 'tool_call_update': {
      if (!event.content?.some((item) => item.type === 'content' && item.content.type === 'image')) return event
      const content = []
      for (const item of event.content) {
        if (item.type !== 'content') content.push(item)
        else for (const block of await withoutBytes(blobs, [item.content])) content.push({ ...item, content: block })
      }
      return { ...event, content }
    }
    default:
      return event
  }
}

/** Content whose images are references to blobs. */
export async function withoutBytes(blobs: Blobs, content: readonly ContentBlock[]): Promise<ContentBlock[]> {
  const stored: ContentBlock[] = []
  for (const block of content) {
    if (block.type !== 'image' || block.data === undefined) {
      stored.push(block)
      continue
    }
    const { sha256, bytes } = await blobs.put(Buffer.from(block.data, 'base64'))
    const { data: _, ...rest } = block
    stored.push({ ...rest, blob: sha256, bytes })
  }
  return stored
}

/** Content whose images have their bytes, as an agent takes them. */
export async function withBytes(blobs: Blobs, content: readonly ContentBlock[]): Promise<ContentBlock[]> {
  const whole: ContentBlock[] = []
  for (const block of content) {
    if (block.type !== 'image' || block.blob === undefined) whole.push(block)
    else whole.push({ ...block, data: (await blobs.get(block.blob)).toString('base64') })
  }
  return whole
}
