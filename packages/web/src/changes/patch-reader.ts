/** Where the part of one file begins. No other line of a patch does: content lines begin with a space, a sign or a backslash. */
const FILE_START = 'diff --git '
const BOUNDARY = `\n${FILE_START}`

/**
 * Cuts a patch that arrives in parts into the sections of its files. Each character is looked at once, however long a section
 * is and however many parts it comes in.
 */
export class PatchReader {
  #pending: string[] = []
  /** The last characters of what is pending: a boundary may be cut in two by the parts. */
  #tail = ''

  /** The sections that are complete now that this part is there. */
  push(part: string): string[] {
    const carried = this.#tail
    const text = carried + part
    const cut: number[] = []
    for (let at = text.indexOf(BOUNDARY); at !== -1; at = text.indexOf(BOUNDARY, at + 1)) cut.push(at + 1)
    this.#tail = text.slice(Math.max(cut.at(-1) ?? 0, text.length - BOUNDARY.length + 1))
    const first = cut[0]
    if (first === undefined) {
      this.#pending.push(part)
      return []
    }
    const before = this.#pending.join('')
    const sections = [before.slice(0, before.length - carried.length) + text.slice(0, first)]
    for (let index = 0; index + 1 < cut.length; index++) sections.push(text.slice(cut[index], cut[index + 1]))
    this.#pending = [text.slice(cut.at(-1))]
    return sections.filter(isSection)
  }

  /** The last section, once the patch has ended. */
  end(): string[] {
    const rest = this.#pending.join('')
    this.#pending = []
    this.#tail = ''
    return [rest].filter(isSection)
  }
}

function isSection(text: string): boolean {
  return text.startsWith(FILE_START)
}
