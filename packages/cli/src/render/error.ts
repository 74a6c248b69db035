import type { SkeinError } from '@skein/protocol'
import { cleanText } from './clean.ts'
import { type Row, row, span } from './row.ts'

/** An error for a person: what happened, and what to do next. The stack only for who asked for it. */
export function errorRows(error: SkeinError, debug: boolean): Row[] {
  const [first = '', ...more] = cleanText(error.message).split('\n')
  return [
    row(span('skein: ', 'bad'), first),
    ...more.map((line) => row('       ', line)),
    ...(error.next ? [row(span(`       ${cleanText(error.next)}`, 'dim'))] : []),
    ...(error.code === 'internal' && !debug
      ? [row(span('       This is a defect of Skein’s. SKEIN_DEBUG=1 shows where.', 'dim'))]
      : []),
    ...(debug ? stackOf(error).map((line) => row(span(`       ${line}`, 'dim'))) : []),
  ]
}

function stackOf(error: Error): string[] {
  const own = (error.stack ?? '').split('\n').slice(1)
  const cause = error.cause instanceof Error ? [`caused by ${error.cause.message}`, ...stackOf(error.cause)] : []
  return [...own, ...cause].map((line) => cleanText(line.trim()))
}
