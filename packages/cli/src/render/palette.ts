/** What a piece of text means; the palette decides how that looks. */
export type Tone =
  | 'strong'
  | 'dim'
  | 'emphasis'
  | 'heading'
  | 'code'
  | 'added'
  | 'removed'
  | 'hunk'
  | 'good'
  | 'bad'
  | 'warn'
  | 'accent'

/** Puts text into a tone. */
export type Palette = (text: string, tone: Tone | undefined) => string

const SGR: Record<Tone, readonly [string, string]> = {
  strong: ['1', '22'],
  dim: ['2', '22'],
  emphasis: ['3', '23'],
  heading: ['1;36', '22;39'],
  code: ['36', '39'],
  added: ['32', '39'],
  removed: ['31', '39'],
  hunk: ['36', '39'],
  good: ['32', '39'],
  bad: ['31', '39'],
  warn: ['33', '39'],
  accent: ['35', '39'],
}

export const plainPalette: Palette = (text) => text

export const colourPalette: Palette = (text, tone) =>
  tone === undefined || text === '' ? text : `\x1b[${SGR[tone][0]}m${text}\x1b[${SGR[tone][1]}m`
