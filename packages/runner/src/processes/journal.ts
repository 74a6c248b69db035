import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** The most bytes of a journal that go into one notification. */
export const CHUNK = 256 * 1024
/** What a chunk may grow to as JSON; the rest of the frame takes far less than what is left of its limit. */
const LARGEST_TEXT = 900_000

export interface Chunk {
  text: string
  from: number
  to: number
  /** It ends where a line ends, or as far in as a chunk may go. */
  whole: boolean
}

/** One epoch's output, opened for reading. The file may be deleted meanwhile; what is open stays readable. */
export class Journal {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'r')
  }

  get size(): number {
    return fstatSync(this.#file).size
  }

  read(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length)
    return buffer.subarray(0, readSync(this.#file, buffer, 0, length, offset))
  }

  /**
   * What follows the offset, cut so that it is whole lines, or at least whole characters, and fits a frame. `final`: nothing
   * will be added to the file any more.
   */
  chunk(offset: number, final: boolean): Chunk | undefined {
    const available = this.read(offset, CHUNK)
    for (let limit = available.length; limit > 0; limit = Math.floor(limit / 2)) {
      const full = limit === CHUNK || limit < available.length
      const bytes = cut(available.subarray(0, limit), final && !full)
      const text = bytes.toString('utf8')
      if (!fitsFrame(text, bytes.length)) continue
      if (bytes.length === 0) return undefined
      return { text, from: offset, to: offset + bytes.length, whole: full || bytes.at(-1) === NEWLINE }
    }
    return undefined
  }

  close(): void {
    closeSync(this.#file)
  }
}

const NEWLINE = 10

function cut(bytes: Buffer, final: boolean): Buffer {
  const line = bytes.lastIndexOf(NEWLINE)
  if (line !== -1) return bytes.subarray(0, line + 1)
  return final ? bytes : bytes.subarray(0, characterBoundary(bytes))
}

/** The length without a character that is cut at the end. Bytes that are no UTF-8 at all are left alone. */
export function characterBoundary(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte < 0xc0) continue
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return needs > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** JSON makes one byte six at worst. */
function fitsFrame(text: string, bytes: number): boolean {
  return bytes * 6 <= LARGEST_TEXT || Buffer.byteLength(JSON.stringify(text)) <= LARGEST_TEXT
}

/** Brings a file's bytes to the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** The last bytes of a file as text. */
export function tailOf(path: string, length: number): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const buffer = Buffer.alloc(length)
    const read = readSync(file, buffer, 0, length, Math.max(0, fstatSync(file).size - length))
    return buffer.toString('utf8', 0, read)
  } finally {
    closeSync(file)
  }
}
