/** How a piece of text looks: what SGR escape sequences (ECMA-48, 8.3.117) can say of it. */
interface Look {
  readonly foreground?: string | undefined
  readonly background?: string | undefined
  readonly bold?: boolean
  readonly dim?: boolean
  readonly italic?: boolean
  readonly underline?: boolean
  readonly inverse?: boolean
}

interface Run {
  readonly text: string
  readonly look: Look
}

const CELL = { width: 8.4, height: 19, fontSize: 14 }
const MARGIN = { x: 20, top: 48, bottom: 20 }
const NO_BREAK_SPACE = '\u00a0'
const BACKGROUND = '#161b22'
const FOREGROUND = '#d6dce4'
const COLOURS = [
  ...['#484f58', '#ff7b72', '#56d364', '#e3b341', '#79b8ff', '#d2a8ff', '#56d4dd', '#d6dce4'],
  ...['#8b949e', '#ffa198', '#7ee787', '#f2cc60', '#a5d6ff', '#e2c5ff', '#87e6ee', '#ffffff'],
]

/** A terminal's text with its escape sequences (as `tmux capture-pane -e` gives it) as a picture, in SVG. */
export function terminalPicture(screen: string, options: { title: string; columns: number }): string {
  const lines = runsOf(screen.replace(/\s+$/, ''))
  const width = round(options.columns * CELL.width + 2 * MARGIN.x)
  const height = lines.length * CELL.height + MARGIN.top + MARGIN.bottom
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(options.title)}">
<rect width="${width}" height="${height}" rx="10" fill="${BACKGROUND}"/>
<circle cx="24" cy="22" r="6" fill="#484f58"/><circle cx="44" cy="22" r="6" fill="#484f58"/><circle cx="64" cy="22" r="6" fill="#484f58"/>
<text x="${width / 2}" y="26" fill="#8b949e" text-anchor="middle" font-family="system-ui, sans-serif" font-size="13">${escaped(options.title)}</text>
<g font-family="ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', Consolas, monospace" font-size="${CELL.fontSize}" fill="${FOREGROUND}">
${lines.map(drawLine).filter(Boolean).join('\n')}
</g>
</svg>
`
}

function drawLine(runs: readonly Run[], index: number): string {
  const y = MARGIN.top + index * CELL.height
  let column = 0
  return runs
    .map((run) => {
      const x = round(MARGIN.x + column * CELL.width)
      const columns = columnsOf(run.text)
      column += columns
      return draw(run, x, y, round(columns * CELL.width))
    })
    .join('')
}

function draw({ text, look }: Run, x: number, y: number, width: number): string {
  const background = look.inverse ? (look.foreground ?? FOREGROUND) : look.background
  const foreground = look.inverse ? (look.background ?? BACKGROUND) : look.foreground
  const box = background
    ? `<rect x="${x}" y="${y}" width="${width}" height="${CELL.height}" fill="${background}"/>`
    : ''
  if (text.trim() === '') return box
  const attributes = [
    foreground ? ` fill="${foreground}"` : '',
    look.bold ? ' font-weight="bold"' : '',
    look.italic ? ' font-style="italic"' : '',
    look.underline ? ' text-decoration="underline"' : '',
    look.dim ? ' opacity="0.6"' : '',
  ].join('')
  // `textLength` keeps the columns in place whatever font the reader has; SVG would fold plain spaces.
  return `${box}<text x="${x}" y="${y + 14}" textLength="${width}"${attributes}>${escaped(text.replaceAll(' ', NO_BREAK_SPACE))}</text>`
}

/** The screen's lines as runs of one look each. */
function runsOf(screen: string): Run[][] {
  let look: Look = {}
  return screen.split(/\r?\n/).map((line) => {
    const runs: Run[] = []
    for (const piece of line.split(ESCAPE)) {
      const codes = SGR.exec(piece)?.[1]
      if (codes !== undefined) look = applied(look, codes)
      else if (piece !== '' && !piece.startsWith('\x1b')) runs.push({ text: piece, look })
    }
    return runs
  })
}

// Any control sequence; other than SGR they have no business in a captured screen and are left out.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const ESCAPE = /(\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|[\x0e\x0f])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const SGR = /^\x1b\[([0-9;:]*)m$/

function applied(look: Look, codes: string): Look {
  const numbers = codes.split(/[;:]/).map(Number)
  for (let code = numbers.shift(); code !== undefined; code = numbers.shift()) {
    if (code === 38 || code === 48) {
      const colour = extendedColour(numbers)
      look = { ...look, [code === 38 ? 'foreground' : 'background']: colour }
    } else look = code === 0 ? {} : { ...look, ...(CHANGES[code] ?? colourChange(code)) }
  }
  return look
}

const CHANGES: Record<number, Look> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { foreground: undefined },
  49: { background: undefined },
}

function colourChange(code: number): Look {
  if (code >= 30 && code <= 37) return { foreground: COLOURS[code - 30] }
  if (code >= 90 && code <= 97) return { foreground: COLOURS[code - 82] }
  if (code >= 40 && code <= 47) return { background: COLOURS[code - 40] }
  if (code >= 100 && code <= 107) return { background: COLOURS[code - 92] }
  return {}
}

/** What follows 38 or 48: `5;n` (the 256 colours) or `2;r;g;b`. Takes it from the numbers. */
function extendedColour(numbers: number[]): string | undefined {
  const kind = numbers.shift()
  if (kind === 2) return rgb(numbers.splice(0, 3))
  const n = kind === 5 ? (numbers.shift() ?? 0) : 0
  if (n < 16) return COLOURS[n]
  if (n >= 232) return rgb([8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232)])
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step)
  return rgb([level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)])
}

function rgb(parts: readonly number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += WIDE.test(character) ? 2 : ZERO_WIDTH.test(character) ? 0 : 1
  return columns
}

const WIDE = /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u
const ZERO_WIDTH = /\p{Mn}|\p{Cf}/u

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
