import { TerminalModes } from './terminal-modes.ts'

const SIZE = 256 * 1024
/** Dropped in steps of this, so that little is copied. */
const STEP = 32 * 1024
const LONGEST_LINE = 4096

/** The last of a terminal's output. Positions count characters from its beginning. */
export class TerminalRing {
  /** What the dropped output had switched on: without it the rest is shown wrongly. */
  readonly modes = new TerminalModes()
  #parts: string[] = []
  #length = 0
  #dropped = 0

  /** Where what is there begins. */
  get start(): number {
    return this.#dropped
  }

  get end(): number {
    return this.#dropped + this.#length
  }

  push(text: string): void {
    this.#parts.push(text)
    this.#length += text.length
    if (this.#length > SIZE + STEP) this.#drop()
  }

  /** From a position on, some of what is there: at most `most` characters, unless one part has more. */
  read(at: number, most: number): string {
    let text = ''
    let position = this.#dropped
    for (const part of this.#parts) {
      const end = position + part.length
      if (end > at) {
        const piece = part.slice(Math.max(0, at - position), Math.max(0, at - position) + most - text.length)
        text += piece
        if (text.length >= most) break
      }
      position = end
    }
    return text
  }

  #drop(): void {
    const all = this.#parts.join('')
    const cut = wholeFrom(all, all.length - SIZE)
    this.modes.push(all.slice(0, cut))
    this.#parts = [all.slice(cut)]
    this.#dropped += cut
    this.#length -= cut
  }
}

/** At or soon after `at`: the beginning of a line, or at least not the middle of a character. */
function wholeFrom(text: string, at: number): number {
  const line = text.indexOf('\n', at)
  if (line !== -1 && line - at < LONGEST_LINE) return line + 1
  const low = text.charCodeAt(at)
  return low >= 0xdc00 && low <= 0xdfff ? at + 1 : at
}
