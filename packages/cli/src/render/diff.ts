import type { Hunk } from '@skein/protocol'
import { cleanText } from './clean.ts'
import { count } from './figures.ts'
import { type Row, row, span } from './row.ts'

/** Lines of a diff that was made here, from the agent's hunks. */
export function rowsOfHunks(hunks: readonly Hunk[], limit = Number.POSITIVE_INFINITY): Row[] {
  const lines = hunks.flatMap((hunk, index) => (index === 0 ? hunk.lines : ['⋯', ...hunk.lines]))
  const shown = lines.slice(0, limit).map((line) => rowOfBody(cleanText(line)))
  return lines.length > limit ? [...shown, row(span(`… ${count(lines.length - limit, 'more line')}`, 'dim'))] : shown
}

/** All of one text as removed or added lines. */
export function rowsOfText(text: string, sign: '+' | '-'): Row[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => row(span(`${sign}${line}`, sign === '+' ? 'added' : 'removed')))
}

/** One line of a patch as git writes it. */
export function rowOfPatchLine(line: string): Row {
  if (/^(diff --git|index |similarity |rename |copy |old mode|new mode|new file|deleted file)/.test(line)) {
    return row(span(line, line.startsWith('diff ') ? 'strong' : 'dim'))
  }
  if (line.startsWith('+++ ') || line.startsWith('--- ')) return row(span(line, 'strong'))
  if (line.startsWith('@@')) {
    const end = line.indexOf('@@', 2) + 2
    return end > 2 ? row(span(line.slice(0, end), 'hunk'), span(line.slice(end), 'dim')) : row(span(line, 'hunk'))
  }
  return rowOfBody(line)
}

function rowOfBody(line: string): Row {
  if (line.startsWith('+')) return row(span(line, 'added'))
  if (line.startsWith('-')) return row(span(line, 'removed'))
  if (line.startsWith('\\') || line === '⋯') return row(span(line, 'dim'))
  return row(line)
}

/** Added and removed lines of hunks. */
export function statOfHunks(hunks: readonly Hunk[]): { added: number; deleted: number } {
  let added = 0
  let deleted = 0
  for (const { lines } of hunks) {
    for (const line of lines) {
      if (line.startsWith('+')) added++
      else if (line.startsWith('-')) deleted++
    }
  }
  return { added, deleted }
}
