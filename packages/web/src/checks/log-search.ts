import { stripAnsi } from './ansi.ts'
import type { LogRow } from './log-lines.ts'

/** The rows that hold a text; capitals count only if there are some in it. */
export function findRows(rows: readonly LogRow[], text: string): number[] {
  if (text === '') return []
  const exact = /\p{Lu}/u.test(text)
  const wanted = exact ? text : text.toLowerCase()
  const found: number[] = []
  rows.forEach((row, i) => {
    const plain = row.text.includes('\x1b') ? stripAnsi(row.text) : row.text
    if ((exact ? plain : plain.toLowerCase()).includes(wanted)) found.push(i)
  })
  return found
}
