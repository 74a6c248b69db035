import { cleanText } from './clean.ts'
import { MarkdownStyler } from './markdown.ts'
import { type Row, wrap } from './row.ts'

/**
 * A message while it is being written: whole lines are laid out for good, the rest stays in the moving region. Text is cleaned
 * line by line, so that a sequence that was cut into two chunks does not slip through.
 */
export class StreamedMessage {
  readonly messageId: string
  #source = ''
  /** Where the line begins that is not yet laid out for good. */
  #from = 0
  #gap = false
  readonly #styler = new MarkdownStyler()

  constructor(messageId: string) {
    this.messageId = messageId
  }

  /** Takes a chunk in; what was already there is skipped. */
  add(at: number, text: string): void {
    if (at > this.#source.length) this.#gap = true
    else if (!this.#gap) this.#source += text.slice(this.#source.length - at)
  }

  /** Takes the whole text. Answers false when it is another text than the one that was streamed. */
  finish(whole: string): boolean {
    if (!whole.startsWith(this.#source.slice(0, this.#from))) return false
    this.#source = whole
    return true
  }

  /** Nothing of it has been laid out for good. */
  get untouched(): boolean {
    return this.#from === 0
  }

  get length(): number {
    return this.#source.length
  }

  /** Rows of the lines that are whole; of the last line as well when the message is. `room`: columns of the moving region. */
  lasting(columns: number, room: number, finished: boolean): Row[] {
    const rows: Row[] = []
    for (let end = this.#source.indexOf('\n', this.#from); end !== -1; end = this.#source.indexOf('\n', this.#from)) {
      rows.push(...this.#layOut(this.#source.slice(this.#from, end), columns))
      this.#from = end + 1
    }
    // A paragraph that is taller than the screen could not be redrawn: it is broken where a row may end.
    while (this.#source.length - this.#from > room) {
      const space = this.#source.lastIndexOf(' ', this.#from + room)
      const end = space > this.#from ? space + 1 : characterAt(this.#source, this.#from + room)
      rows.push(...this.#layOut(this.#source.slice(this.#from, end), columns))
      this.#from = end
    }
    if (finished && this.#from < this.#source.length) {
      rows.push(...this.#layOut(this.#source.slice(this.#from), columns))
      this.#from = this.#source.length
    }
    return rows
  }

  /** Rows of the line that is being written. */
  moving(columns: number): Row[] {
    const rest = this.#source.slice(this.#from)
    return rest === '' ? [] : this.#layOut(rest, columns, true)
  }

  #layOut(line: string, columns: number, peek = false): Row[] {
    const styled = this.#styler.line(cleanText(line), peek)
    return wrap(styled.row, columns, styled.hang)
  }
}

/** The offset, moved back where it would part a surrogate pair. */
function characterAt(text: string, offset: number): number {
  const unit = text.charCodeAt(offset)
  return unit >= 0xdc00 && unit <= 0xdfff ? offset - 1 : offset
}
