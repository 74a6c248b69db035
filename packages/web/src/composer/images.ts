import type { ContentBlock } from '@skein/protocol'

/** An image that goes with a prompt. */
export interface PromptImage {
  id: string
  name: string
  mimeType: string
  bytes: number
  /** Base64. */
  data: string
}

/** What the agents' models read. */
const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
/** Bytes of one image; the models take no larger one. */
export const MOST_BYTES = 5 * 1024 * 1024
/** Images of one prompt: all of them in one request stay below what the server takes. */
export const MOST_IMAGES = 8

/** Why a file cannot go with a prompt that has `present` images, or undefined when it can. */
export function refusalOf(
  file: { name: string; type: string; size: number },
  present: number,
): { message: string; next: string } | undefined {
  const name = file.name || 'The image'
  if (!TYPES.has(file.type))
    return {
      message: `${name} was not added: ${file.type.startsWith('image/') ? 'agents cannot read this kind of image' : 'it is not an image'}.`,
      next: file.type.startsWith('image/')
        ? 'Convert it to PNG, JPEG, GIF or WebP.'
        : 'Name a file of the workspace with @ instead.',
    }
  if (file.size > MOST_BYTES)
    return {
      message: `${name} was not added: it has ${megabytes(file.size)}, and an image may have 5 MB.`,
      next: 'Make it smaller, or crop it to what matters.',
    }
  if (present >= MOST_IMAGES)
    return {
      message: `${name} was not added: a prompt may have ${MOST_IMAGES} images.`,
      next: 'Send it with the next prompt.',
    }
  return undefined
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`

/** Reads an image's bytes. */
export async function readImage(file: File): Promise<PromptImage> {
  const data = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''))
    reader.onerror = () => reject(reader.error ?? new Error(`${file.name} could not be read`))
    reader.readAsDataURL(file)
  })
  return { id: crypto.randomUUID(), name: file.name || 'image', mimeType: file.type, bytes: file.size, data }
}

/** Images that are in what was pasted or dropped. */
export function filesIn(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])]
}

/** Text and images as a prompt; the images stand first, as the text speaks of them. */
export function promptContent(text: string, images: readonly PromptImage[]): ContentBlock[] {
  const pictures = images.map(
    ({ name, mimeType, bytes, data }): ContentBlock => ({ type: 'image', name, mimeType, bytes, data }),
  )
  return text.trim() === '' ? pictures : [...pictures, { type: 'text', text: text.trim() }]
}
