import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ContentBlock, SkeinError } from '@skein/protocol'

export interface PromptSource {
  /** Words of the command line; a lone `-` means stdin. */
  words: readonly string[]
  file?: string | undefined
  images?: readonly string[] | undefined
  stdin: NodeJS.ReadStream
}

/** The prompt from the command line, a file or stdin, whatever its size, exactly as it is; images after the text. */
export async function readPrompt(source: PromptSource): Promise<ContentBlock[]> {
  const text = await readText(source)
  const images = await Promise.all((source.images ?? []).map(readImage))
  if (text.trim() === '' && images.length === 0) {
    throw new SkeinError('invalid', 'there is no prompt', {
      next: 'Give it as an argument, with --file FILE, or on stdin: skein run - < prompt.md',
    })
  }
  return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...images]
}

async function readText({ words, file, stdin }: PromptSource): Promise<string> {
  const fromStdin = (words.length === 1 && words[0] === '-') || file === '-'
  if (fromStdin || (words.length === 0 && file === undefined && !stdin.isTTY)) {
    const chunks: Buffer[] = []
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer))
    return decode(Buffer.concat(chunks), 'stdin')
  }
  if (file === undefined) return words.join(' ')
  if (words.length > 0) {
    throw new SkeinError('invalid', 'the prompt is given twice: as an argument and with --file', {
      next: 'Give one of them.',
    })
  }
  return decode(await readBytes(file), file)
}

/** Bytes that are no text are refused: they could not arrive unchanged. */
function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new SkeinError('invalid', `the prompt from ${name} is not UTF-8 text`, {
      next: 'Convert it, or put it into the repository and name it in the prompt.',
      cause,
    })
  }
}

const SIGNATURES: readonly { mimeType: string; matches(bytes: Buffer): boolean }[] = [
  { mimeType: 'image/png', matches: (bytes) => bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex')) },
  { mimeType: 'image/jpeg', matches: (bytes) => bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex')) },
  { mimeType: 'image/gif', matches: (bytes) => /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6)) },
  {
    mimeType: 'image/webp',
    matches: (bytes) => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  },
]

async function readImage(path: string): Promise<ContentBlock> {
  const bytes = await readBytes(path)
  const kind = SIGNATURES.find(({ matches }) => matches(bytes))
  if (!kind) {
    throw new SkeinError('invalid', `${path} is not an image that agents take`, { next: 'Use PNG, JPEG, GIF or WebP.' })
  }
  return {
    type: 'image',
    mimeType: kind.mimeType,
    data: bytes.toString('base64'),
    bytes: bytes.length,
    name: basename(path),
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR')) {
      throw new SkeinError('invalid', `cannot read ${path}: there is no such file`, { cause: error })
    }
    throw SkeinError.from(error, `cannot read ${path}`)
  }
}
