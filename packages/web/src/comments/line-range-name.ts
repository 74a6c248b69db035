import type { LineRange } from './find-quote.ts'

/** "line 3" or "lines 3–5". */
export function lineRangeName({ startLine, endLine }: LineRange): string {
  return startLine === endLine ? `line ${startLine}` : `lines ${startLine}–${endLine}`
}
