import type { LogPart } from '@skein/protocol'
import { type AnsiStyle, PLAIN, stripAnsi, styleAfter } from './ansi.ts'

/** One row of a log, and the style in which it begins. */
export interface LogRow {
  text: string
  style: AnsiStyle
}

/** The longest row that is shown as one; a longer line goes on in the next row. */
const ROW_LENGTH = 4_000
/** More rows than these are not shown: browsers end at some height, and people long before. */
const MAX_ROWS = 400_000

/**
 * A log as rows that grows by parts. Parts may overlap (a subscription that was resumed) or leave a gap (what a runner no
 * longer keeps). Rows are mutable and read by index, so that a log of many megabytes is never copied.
 */
export class LogLines {
  readonly rows: LogRow[] = []
  /** Characters seen so far, from the log's beginning. */
  received = 0
  /** Rows that are no longer kept. */
  dropped = 0
  #open = false
  #listeners = new Set<() => void>()
  #version = 0

  append(part: LogPart): void {
    let text = part.text
    if (part.offset > this.received) this.#gap(part.offset - this.received)
    else text = text.slice(this.received - part.offset)
    this.received = Math.max(this.received, part.offset + part.text.length)
    if (text === '') return
    this.#write(text)
    this.#version++
    for (const listener of this.#listeners) listener()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Another number after each change. */
  readonly version = (): number => this.#version

  /** All text that is kept, without colours. */
  plainText(): string {
    return stripAnsi(this.rows.map((row) => row.text).join('\n'))
  }

  #gap(characters: number): void {
    this.#open = false
    this.#push(`… ${characters.toLocaleString('en')} characters are no longer kept …`)
    this.#open = false
  }

  #write(text: string): void {
    let at = 0
    while (at < text.length) {
      const end = text.indexOf('\n', at)
      const line = text.slice(at, end < 0 ? text.length : end)
      const last = this.rows.at(-1)
      if (this.#open && last) {
        last.text += line
        this.#wrap(last)
      } else this.#wrap(this.#push(line))
      this.#open = end < 0
      at = end < 0 ? text.length : end + 1
    }
    if (this.rows.length > MAX_ROWS * 1.1) {
      const excess = this.rows.length - MAX_ROWS
      this.rows.splice(0, excess)
      this.dropped += excess
    }
  }

  #push(text: string): LogRow {
    const before = this.rows.at(-1)
    const row = { text, style: before ? styleAfter(before.text, before.style) : PLAIN }
    this.rows.push(row)
    return row
  }

  #wrap(row: LogRow): void {
    let last = row
    while (last.text.length > ROW_LENGTH) {
      const cut = cutBefore(last.text, ROW_LENGTH)
      const rest = last.text.slice(cut)
      last.text = last.text.slice(0, cut)
      last = this.#push(rest)
    }
  }
}

/** A place to cut at or before `at` that splits neither an escape sequence nor a pair of surrogates. */
function cutBefore(text: string, at: number): number {
  const sequence = text.lastIndexOf('\x1b', at)
  if (sequence > at - 64 && sequence > 0) return sequence
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at
}
