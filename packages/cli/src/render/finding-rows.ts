import type { Finding } from '@skein/protocol'
import { cleanLine } from './clean.ts'
import { type Row, row, type Span, span } from './row.ts'

/** What was found, and what to do where it is not right. */
export function findingRows({ ok, severity, what, detail, remedy }: Finding): Row[] {
  const mark: Span = ok ? span('✓ ', 'good') : severity === 'error' ? span('✗ ', 'bad') : span('! ', 'warn')
  return [
    row(mark, cleanLine(what), span(detail ? `  ${cleanLine(detail)}` : '', 'dim')),
    ...(ok || !remedy ? [] : [row('    ', cleanLine(remedy))]),
  ]
}
