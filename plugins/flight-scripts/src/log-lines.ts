import { isUtf8 } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'

/** Of a longer line, this much of its beginning is given, bytes. */
const LONGEST_LINE = 64 * 1024
const PART = 256 * 1024

/** The lines of a file that somebody else is writing, as they come, with little memory however long it gets. */
export class LogLines implements AsyncDisposable {
  readonly #path: string
  readonly #buffer = Buffer.alloc(PART)
  #file: FileHandle | undefined
  #line: Buffer[] = []
  #length = 0

  /** How far it was read, bytes. */
  offset = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Gives each whole line that is there now, without its end; with `last`, also what has no end. Lines that are not UTF-8 are left out. */
  async read(onLine: (line: string) => void, last = false): Promise<void> {
    this.#file ??= await open(this.#path, 'r')
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, PART, this.offset)
      if (bytesRead === 0) break
      this.offset += bytesRead
      this.#split(this.#buffer.subarray(0, bytesRead), onLine)
    }
    if (last && this.#length > 0) this.#end(onLine)
  }

  #split(bytes: Buffer, onLine: (line: string) => void): void {
    const first = bytes.indexOf(10)
    this.#keep(bytes.subarray(0, first === -1 ? bytes.length : first))
    if (first === -1) return
    this.#end(onLine)
    const last = bytes.lastIndexOf(10)
    if (last > first) this.#whole(bytes.subarray(first + 1, last), onLine)
    this.#keep(bytes.subarray(last + 1))
  }

  /** Lines that are all in one part, as nearly all are. */
  #whole(bytes: Buffer, onLine: (line: string) => void): void {
    if (isUtf8(bytes)) {
      for (const line of bytes.toString('utf8').split('\n'))
        onLine(withoutReturn(line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line))
      return
    }
    let from = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      this.#keep(bytes.subarray(from, end))
      this.#end(onLine)
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
    this.#end(onLine)
  }

  #keep(bytes: Buffer): void {
    const room = LONGEST_LINE - this.#length
    if (room <= 0 || bytes.length === 0) return
    const kept = Buffer.from(bytes.subarray(0, room))
    this.#line.push(kept)
    this.#length += kept.length
  }

  #end(onLine: (line: string) => void): void {
    const bytes = Buffer.concat(this.#line, this.#length)
    // Where it was cut short, that may have been within a character.
    const text = this.#length < LONGEST_LINE && !isUtf8(bytes) ? undefined : bytes.toString('utf8')
    this.#line = []
    this.#length = 0
    if (text !== undefined) onLine(withoutReturn(text))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
