/**
 * Base16 colour schemes: sixteen colours with fixed roles, as published by the tinted-theming project
 * (github.com/tinted-theming/home, "styling" and "builder"): 00–07 from background to foreground, 08–0F accents.
 */
export const BASE16_KEYS = [
  'base00',
  'base01',
  'base02',
  'base03',
  'base04',
  'base05',
  'base06',
  'base07',
  'base08',
  'base09',
  'base0A',
  'base0B',
  'base0C',
  'base0D',
  'base0E',
  'base0F',
] as const
export type Base16Key = (typeof BASE16_KEYS)[number]
export type Base16Palette = Record<Base16Key, string>

export interface Base16Scheme {
  name: string
  author?: string
  variant: 'light' | 'dark'
  /** `#rrggbb` each. */
  palette: Base16Palette
}

export type Base16Result = { scheme: Base16Scheme } | { problem: string }

/** Reads a scheme from YAML or JSON, in the old form (`scheme:`, keys at the top) and the new one (`palette:`). */
export function parseBase16(text: string): Base16Result {
  if (text.trim() === '') return { problem: 'There is nothing to read. Paste a Base16 scheme as YAML or JSON.' }
  const read = text.trim().startsWith('{') ? readJson(text) : readYaml(text)
  if ('problem' in read) return read
  const palette: Partial<Base16Palette> = {}
  const missing: string[] = []
  for (const key of BASE16_KEYS) {
    const value = read.values.get(key.toLowerCase())
    if (value === undefined) missing.push(key)
    else {
      const color = hexColor(value)
      if (!color)
        return {
          problem: `${key} is “${value.slice(0, 40)}”, which is no colour. Write six hex digits, e.g. "1d2021".`,
        }
      palette[key] = color
    }
  }
  if (missing.length === BASE16_KEYS.length)
    return { problem: 'No colours were found. A Base16 scheme has the keys base00 to base0F.' }
  if (!isWhole(palette)) return { problem: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.` }
  const said = read.values.get('variant')
  const author = read.values.get('author')?.slice(0, 100)
  return {
    scheme: {
      name: (read.values.get('name') ?? read.values.get('scheme') ?? 'Imported scheme').slice(0, 60),
      ...(author ? { author } : {}),
      variant: said === 'light' || said === 'dark' ? said : variantOf(palette),
      palette,
    },
  }
}

const isWhole = (palette: Partial<Base16Palette>): palette is Base16Palette =>
  BASE16_KEYS.every((key) => palette[key] !== undefined)

const variantOf = (palette: Base16Palette) => (luminance(palette.base00) > luminance(palette.base05) ? 'light' : 'dark')

type Read = { values: Map<string, string> } | { problem: string }

function readJson(text: string): Read {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  const values = new Map<string, string>()
  const take = (object: unknown) => {
    if (typeof object !== 'object' || object === null) return
    for (const [key, one] of Object.entries(object)) {
      if (typeof one === 'string') values.set(key.toLowerCase(), one)
      else if (key === 'palette' || key === 'colors') take(one)
    }
  }
  take(value)
  return { values }
}

/** The part of YAML that schemes are written in: one `key: value` a line, values plain or quoted. */
function readYaml(text: string): Read {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*["']?([A-Za-z][\w-]*)["']?\s*:\s*(.*)$/.exec(line)
    if (!match?.[1] || match[2] === undefined) continue
    const rest = match[2].trim()
    const quoted = /^(["'])(.*?)\1/.exec(rest)
    const plain = /^#[0-9a-fA-F]{3,6}\b/.exec(rest)?.[0] ?? rest.replace(/(^|\s)#.*$/, '').trim()
    const value = quoted?.[2] ?? plain
    if (value !== '') values.set(match[1].toLowerCase(), value)
  }
  return { values }
}

function hexColor(value: string): string | undefined {
  const digits = /^(?:#|0x)?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(value.trim())?.[1]?.toLowerCase()
  if (!digits) return undefined
  return `#${digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits}`
}

/** Relative luminance by WCAG 2.2, 0 (black) to 1 (white). */
export function luminance(color: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

/** Contrast by WCAG 2.2: 1 (none) to 21. */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

export interface ContrastWarning {
  what: string
  ratio: number
  wanted: number
}

/** Where a scheme is hard to read: text below 4.5 to 1, accents below 3 to 1. */
export function contrastWarnings(palette: Base16Palette): ContrastWarning[] {
  const pairs: [what: string, color: string, wanted: number][] = [
    ['Text (base05)', palette.base05, 4.5],
    ['Muted text (base04)', palette.base04, 4.5],
    ['Red (base08)', palette.base08, 3],
    ['Orange (base09)', palette.base09, 3],
    ['Yellow (base0A)', palette.base0A, 3],
    ['Green (base0B)', palette.base0B, 3],
    ['Cyan (base0C)', palette.base0C, 3],
    ['Blue (base0D)', palette.base0D, 3],
    ['Purple (base0E)', palette.base0E, 3],
  ]
  return pairs
    .map(([what, color, wanted]) => ({ what, ratio: contrast(color, palette.base00), wanted }))
    .filter((warning) => warning.ratio < warning.wanted)
}
