/**
 * What agents, repositories and servers write is untrusted: a terminal obeys escape sequences (titles, clipboard, cursor,
 * hyperlinks) and bidirectional overrides make text read otherwise than it is. Everything foreign that is shown passes here.
 */

// OSC, DCS, SOS, PM and APC strings up to their terminator; CSI sequences; two-character escapes.
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu
const TAB = '    '

/** Text that is safe to show: no sequences, no controls but newline, no bidirectional or invisible marks, tabs as spaces. */
export function cleanText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(SEQUENCES, '')
    .replace(CONTROLS, '')
    .replace(INVISIBLE, '')
    .replaceAll('\t', TAB)
}

/** The same for a line of a list or a table: newlines become spaces. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s*\n\s*/g, ' ')
}

/** Every string inside a value, cleaned. */
export function clean<T>(value: T): T {
  return cleanDeep(value) as T
}

function cleanDeep(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map(cleanDeep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleanDeep(inner)]))
}

/**
 * Text with what cannot be seen made visible, e.g. `\x1b` or `\u202e`: for approvals, where a person must see exactly what
 * would be done.
 */
export function reveal(text: string): string {
  return text.replace(CONTROLS, escapeOf).replace(INVISIBLE, escapeOf).replaceAll('\t', TAB)
}

function escapeOf(character: string): string {
  const point = character.codePointAt(0) ?? 0
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, '0')}`
}
