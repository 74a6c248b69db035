import { bytesOf, nameOf } from './file-names.ts'

/** What the header of one file's part of a patch says. */
export interface PatchHeader {
  oldPath: string
  path: string
  /** Blob ids, where the content differs. */
  before?: string
  after?: string
}

/** Whether a line begins the part of another file: content begins with one of " +-\@", binary data has no spaces. */
export const BEGINS_FILE = Buffer.from('diff --git ')

/** Reads the lines from "diff --git" up to the content. */
export function parseHeader(lines: readonly string[]): PatchHeader {
  const header: PatchHeader = { ...sameNameTwice(lines[0]?.slice(BEGINS_FILE.length) ?? '') }
  for (const line of lines) {
    const index = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line)
    if (index?.[1] !== undefined && index[2] !== undefined) Object.assign(header, { before: index[1], after: index[2] })
    const from = /^(?:rename|copy) from (.*)$/s.exec(line)?.[1]
    if (from !== undefined) header.oldPath = named(from)
    const to = /^(?:rename|copy) to (.*)$/s.exec(line)?.[1]
    if (to !== undefined) header.path = named(to)
  }
  return header
}

/** `a/NAME b/NAME`, where both are equal unless later lines say otherwise; a name may itself hold " b/". */
function sameNameTwice(names: string): { oldPath: string; path: string } {
  const half = (names.length - 1) / 2
  const first = names.slice(0, half)
  const name = named(first.startsWith('"') ? `"${first.slice(3)}` : first.slice(2))
  return { oldPath: name, path: name }
}

/** git quotes more than we do (control characters, and all bytes above ASCII), so a name is brought into our form. */
function named(text: string): string {
  return text.startsWith('"') ? nameOf(bytesOf(text)) : text
}
