/** Colours and styles of terminal output, as data. Nothing but colours and weights survives: every other control is inert. */

/** 0–255: the terminal's palette; a string: `#rrggbb`. */
export type AnsiColor = number | string

export interface AnsiStyle {
  fg?: AnsiColor
  bg?: AnsiColor
  bold?: true
  dim?: true
  italic?: true
  underline?: true
  inverse?: true
  strike?: true
}

export interface AnsiSpan {
  text: string
  style: AnsiStyle
}

export const PLAIN: AnsiStyle = Object.freeze({})

// ECMA-48: CSI, OSC and the other strings (ended by BEL or ST), and short escapes; C1 forms included.
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal output consists of them
  /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-OQ-WYZ\\`-~]/g

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal output consists of them
const MOVES = /[\r\b]|\x1b\[[0-9;]*[CDGK]/

/** The spans of one line that begins in `start`, and the style in which the next line begins. */
export function parseAnsi(line: string, start: AnsiStyle = PLAIN): { spans: AnsiSpan[]; end: AnsiStyle } {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return MOVES.test(text) ? parseWithMoves(text, start) : parseStraight(text, start)
}

/** The style after a line, without its spans. */
export function styleAfter(line: string, start: AnsiStyle): AnsiStyle {
  if (!line.includes('\x1b') && !line.includes('\x9b')) return start
  let style = start
  for (const match of line.matchAll(SEQUENCE)) if (match[2] === 'm') style = applySgr(style, match[1] ?? '')
  return style
}

/** The text alone, as a terminal would leave it. */
export function stripAnsi(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      parseAnsi(line)
        .spans.map((span) => span.text)
        .join(''),
    )
    .join('\n')
}

function parseStraight(line: string, start: AnsiStyle): { spans: AnsiSpan[]; end: AnsiStyle } {
  const spans: AnsiSpan[] = []
  let style = start
  let at = 0
  const put = (text: string) => {
    if (text !== '') spans.push({ text: visible(text), style })
  }
  for (const match of line.matchAll(SEQUENCE)) {
    put(line.slice(at, match.index))
    at = match.index + match[0].length
    if (match[2] === 'm') style = applySgr(style, match[1] ?? '')
  }
  put(line.slice(at))
  return { spans, end: style }
}

/** A line that is written over itself, as progress bars do. */
function parseWithMoves(line: string, start: AnsiStyle): { spans: AnsiSpan[]; end: AnsiStyle } {
  const cells: AnsiSpan[] = []
  let style = start
  let column = 0
  const put = (text: string) => {
    for (const character of text) {
      if (character === '\r') column = 0
      else if (character === '\b') column = Math.max(0, column - 1)
      else {
        while (cells.length < column) cells.push({ text: ' ', style: PLAIN })
        cells[column++] = { text: visible(character), style }
      }
    }
  }
  let at = 0
  for (const match of line.matchAll(SEQUENCE)) {
    put(line.slice(at, match.index))
    at = match.index + match[0].length
    const count = Math.min(Number.parseInt(match[1] ?? '', 10) || 1, 1000)
    if (match[2] === 'm') style = applySgr(style, match[1] ?? '')
    else if (match[2] === 'C') column = Math.min(column + count, 10_000)
    else if (match[2] === 'D') column = Math.max(0, column - count)
    else if (match[2] === 'G') column = count - 1
    else if (match[2] === 'K' && match[1] === '2') cells.fill({ text: ' ', style: PLAIN })
    else if (match[2] === 'K' && (match[1] === '' || match[1] === '0')) cells.length = Math.min(cells.length, column)
  }
  put(line.slice(at))
  return { spans: joined(cells), end: style }
}

function joined(cells: readonly AnsiSpan[]): AnsiSpan[] {
  const spans: AnsiSpan[] = []
  for (const cell of cells) {
    const last = spans.at(-1)
    if (last && last.style === cell.style) last.text += cell.text
    else spans.push({ ...cell })
  }
  return spans
}

const FLAGS: Record<number, 'bold' | 'dim' | 'italic' | 'underline' | 'inverse' | 'strike'> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
}
const UNFLAGS: Record<number, readonly (keyof AnsiStyle)[]> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
  39: ['fg'],
  49: ['bg'],
}

function applySgr(style: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(';')
  let next: AnsiStyle = { ...style }
  for (let i = 0; i < codes.length; i++) {
    // `38:2::r:g:b` carries its own parts; `38;2;r;g;b` takes those that follow.
    const own = (codes[i] ?? '').split(':')
    const code = Number(own[0] || 0)
    const flag = FLAGS[code]
    if (code === 0) next = {}
    else if (code === 4 && own[1] === '0') delete next.underline
    else if (flag) next[flag] = true
    else if (UNFLAGS[code]) for (const key of UNFLAGS[code]) delete next[key]
    else if (code >= 30 && code <= 37) next.fg = code - 30
    else if (code >= 90 && code <= 97) next.fg = code - 90 + 8
    else if (code >= 40 && code <= 47) next.bg = code - 40
    else if (code >= 100 && code <= 107) next.bg = code - 100 + 8
    else if (code === 38 || code === 48) {
      const inline = own.length > 1
      const rest = inline ? own.slice(1) : codes.slice(i + 1, i + 5)
      const color = extendedColor(inline && rest[0] === '2' && rest.length > 4 ? ['2', ...rest.slice(2)] : rest)
      if (!inline) i += rest[0] === '5' ? 2 : rest[0] === '2' ? 4 : 0
      if (color !== undefined) next[code === 38 ? 'fg' : 'bg'] = color
    }
  }
  return next
}

function extendedColor(parts: readonly string[]): AnsiColor | undefined {
  const numbers = parts.map(Number)
  const byte = (value: number | undefined) => value !== undefined && value >= 0 && value <= 255
  if (numbers[0] === 5 && byte(numbers[1])) return numbers[1]
  const rgb = numbers.slice(1, 4)
  if (numbers[0] !== 2 || rgb.length < 3 || !rgb.every(byte)) return undefined
  return `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

/** The colour as CSS: the first sixteen are the theme's, the others are fixed. */
export function cssColor(color: AnsiColor): string {
  if (typeof color === 'string') return color
  if (color < 16) return `var(--ansi-${color})`
  if (color >= 232) {
    const grey = 8 + (color - 232) * 10
    return `rgb(${grey} ${grey} ${grey})`
  }
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40)
  const cube = color - 16
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is made visible
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g
// Characters that reorder or hide the text around them: a line must not read otherwise than it is.
const HIDDEN = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/** Control and direction characters as something that can be seen and does nothing. */
export function visible(text: string): string {
  return text
    .replace(CONTROLS, (character) => {
      const code = character.charCodeAt(0)
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd'
    })
    .replace(HIDDEN, (character) => `‹U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`)
}
