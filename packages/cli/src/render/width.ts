/**
 * How many columns a terminal gives to text: 2 for East Asian wide characters and emoji, 0 for marks that combine.
 * Ranges after Unicode's EastAsianWidth.txt (W and F), merged where what lies between is unassigned.
 */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
]
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const EMOJI = /^\p{Emoji_Presentation}/u
const EMOJI_SEQUENCE = /\ufe0f|\u200d|\p{Emoji_Modifier}/u
const ASCII = /^[\x20-\x7e]*$/

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Columns of a text without control characters. */
export function width(text: string): number {
  if (ASCII.test(text)) return text.length
  let columns = 0
  for (const { segment } of segmenter.segment(text)) columns += widthOfGrapheme(segment)
  return columns
}

/** What a person sees as one character each. */
export function graphemes(text: string): string[] {
  return ASCII.test(text) ? [...text] : Array.from(segmenter.segment(text), ({ segment }) => segment)
}

export function widthOfGrapheme(grapheme: string): number {
  const point = grapheme.codePointAt(0)
  if (point === undefined) return 0
  if (point < 0x300) return 1
  if (EMOJI.test(grapheme) || (EMOJI_SEQUENCE.test(grapheme) && /\p{Extended_Pictographic}/u.test(grapheme))) return 2
  if (ZERO.test(String.fromCodePoint(point))) return 0
  return WIDE.some(([from, to]) => point >= from && point <= to) ? 2 : 1
}

/** The beginning of a text that fits, with an ellipsis where something was cut. */
export function truncate(text: string, columns: number): string {
  if (width(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const grapheme of graphemes(text)) {
    const wide = widthOfGrapheme(grapheme)
    if (used + wide > columns - 1) break
    kept += grapheme
    used += wide
  }
  return columns < 1 ? '' : `${kept}…`
}

/** The text, filled with spaces up to so many columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}
