import type { Palette, Tone } from './palette.ts'
import { graphemes, width, widthOfGrapheme } from './width.ts'

/** A piece of a row in one tone. Layout is done on spans, so that no width is ever measured over escape sequences. */
export interface Span {
  readonly text: string
  readonly tone?: Tone | undefined
}

/** One row of the terminal, without its newline. */
export type Row = readonly Span[]

export function span(text: string, tone?: Tone): Span {
  return { text, tone }
}

export function row(...parts: (Span | string)[]): Row {
  return parts.map((part) => (typeof part === 'string' ? { text: part } : part))
}

export function widthOfRow(spans: Row): number {
  return spans.reduce((columns, { text }) => columns + width(text), 0)
}

export function paint(spans: Row, palette: Palette): string {
  return spans.map(({ text, tone }) => palette(text, tone)).join('')
}

/** The row cut to so many columns, with an ellipsis where something was cut. */
export function fit(spans: Row, columns: number): Row {
  if (widthOfRow(spans) <= columns) return spans
  const kept: Span[] = []
  let used = 0
  for (const { text, tone } of spans) {
    let part = ''
    for (const grapheme of graphemes(text)) {
      const wide = widthOfGrapheme(grapheme)
      if (used + wide > columns - 1) {
        kept.push({ text: `${part}…`, tone })
        return kept
      }
      part += grapheme
      used += wide
    }
    kept.push({ text: part, tone })
  }
  return kept
}

/**
 * A long row as several of at most so many columns, broken at spaces where that is possible. `hang` begins every row but the
 * first. Appending to the input changes only the last row of the answer, or adds some: what streams can be shown row by row.
 */
export function wrap(spans: Row, columns: number, hang: Row = []): Row[] {
  if (!Number.isFinite(columns) || widthOfRow(spans) <= columns) return [spans]
  const indent = widthOfRow(hang) < columns / 2 ? hang : []
  const rows: Span[][] = []
  let current: Span[] = []
  let used = 0
  let fresh = true
  const next = () => {
    rows.push(current)
    current = [...indent]
    used = widthOfRow(indent)
    fresh = true
  }
  const put = (text: string, tone: Tone | undefined, wide: number) => {
    current.push({ text, tone })
    used += wide
    fresh = false
  }
  for (const { text, tone } of spans) {
    for (const word of text.match(/\s+|\S+/g) ?? []) {
      const wide = width(word)
      if (used + wide <= columns) {
        if (!(fresh && rows.length > 0 && /^\s/.test(word))) put(word, tone, wide)
      } else if (/^\s/.test(word)) {
        next()
      } else {
        if (!fresh && wide <= columns - widthOfRow(indent)) {
          next()
          put(word, tone, wide)
          continue
        }
        for (const grapheme of graphemes(word)) {
          const one = widthOfGrapheme(grapheme)
          if (used + one > columns && !fresh) next()
          put(grapheme, tone, one)
        }
      }
    }
  }
  rows.push(current)
  return rows.map(joined)
}

/** Neighbours of one tone become one span. */
function joined(spans: readonly Span[]): Row {
  const result: Span[] = []
  for (const part of spans) {
    const last = result.at(-1)
    if (last && last.tone === part.tone) result[result.length - 1] = { text: last.text + part.text, tone: last.tone }
    else result.push(part)
  }
  return result
}
