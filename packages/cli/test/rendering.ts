import type { Envelope } from '@skein/protocol'
import { plainPalette } from '../src/render/palette.ts'
import { paint } from '../src/render/row.ts'
import { Transcript } from '../src/render/transcript.ts'

/** The lines that a transcript leaves for good, without colours. */
export function transcriptLines(
  envelopes: readonly Envelope[],
  { columns = Number.POSITIVE_INFINITY, whole = true, plans = true } = {},
): string[] {
  const transcript = new Transcript({ columns: () => columns, rows: () => 24, whole, plans })
  return envelopes.flatMap((envelope) => {
    transcript.accept(envelope)
    return transcript.take().map((line) => paint(line, plainPalette))
  })
}
