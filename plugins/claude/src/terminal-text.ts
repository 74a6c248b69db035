const ESCAPE = String.fromCharCode(27)
const BELL = String.fromCharCode(7)
const SEQUENCES = new RegExp(
  `${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?|${ESCAPE}\\[[0-?]*[ -/]*[@-~]|${ESCAPE}.?`,
  'g',
)

/** Text without terminal escapes. What a person decides by must not be able to move the cursor or hide a part of itself. */
export function plain(text: string): string {
  return text.replace(SEQUENCES, '')
}

/** The first line, cut to a length that fits a row. */
export function oneLine(text: string, longest = 120): string {
  const [first = '', ...rest] = plain(text).trim().split('\n')
  const cut = first.length > longest ? first.slice(0, longest - 1).trimEnd() : first
  return rest.length > 0 || cut.length < first.length ? `${cut}…` : cut
}
