import * as z from 'zod'

/**
 * A piece of a message. Names follow the Agent Client Protocol's content blocks; `image.blob` and `file` are ours: bytes
 * larger than a line live beside the transcript, named by their SHA-256.
 */
export const ContentBlock = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image'),
    mimeType: z.string(),
    /** Base64; present on the way in, replaced by `blob` before anything is stored. */
    data: z.string().optional(),
    /** SHA-256 of the bytes in the blob store. */
    blob: z.string().optional(),
    bytes: z.number().int().nonnegative().optional(),
    name: z.string().optional(),
  }),
  z.object({ type: z.literal('resource_link'), uri: z.string(), name: z.string().optional() }),
])
export type ContentBlock = z.infer<typeof ContentBlock>

/** The text of all text blocks, joined by newlines. */
export function textOf(content: readonly ContentBlock[]): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
}
