import './ansi.css'
import { type CSSProperties, memo, useMemo } from 'react'
import { type AnsiColor, type AnsiStyle, cssColor, PLAIN, parseAnsi } from './ansi.ts'

/** One line of terminal output with its colours; everything else in it is inert. */
export const AnsiText = memo(function AnsiText({ line, start = PLAIN }: { line: string; start?: AnsiStyle }) {
  const { spans } = useMemo(() => parseAnsi(line, start), [line, start])
  return spans.map((span, i) => {
    const style = css(span.style)
    return style ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the spans of a line have no other identity.
      <span key={i} style={style}>
        {span.text}
      </span>
    ) : (
      span.text
    )
  })
})

function css(style: AnsiStyle): CSSProperties | undefined {
  if (style === PLAIN || Object.keys(style).length === 0) return undefined
  const line = [style.underline && 'underline', style.strike && 'line-through'].filter(Boolean).join(' ')
  return {
    ...colors(style),
    ...(style.bold ? { fontWeight: 600 } : {}),
    ...(style.italic ? { fontStyle: 'italic' } : {}),
    ...(line ? { textDecoration: line } : {}),
  }
}

/** Colours as near to those that were asked for as can be read. */
function colors({ fg, bg, dim, inverse }: AnsiStyle): CSSProperties {
  if (inverse) return { color: 'var(--surface)', backgroundColor: fg === undefined ? 'var(--foreground)' : onPage(fg) }
  if (bg === undefined) {
    if (fg !== undefined) return { color: onPage(fg) }
    return dim ? { color: 'var(--muted)' } : {}
  }
  // The sixteen colours are all chosen to be read on the page's ground, so its colour is read on them.
  if (typeof bg === 'number' && bg < 16) return { color: 'var(--surface)', backgroundColor: cssColor(bg) }
  return { color: fg === undefined ? blackOrWhite(bg) : cssColor(fg), backgroundColor: cssColor(bg) }
}

/** A colour on the page's ground: the fixed ones made darker or lighter until they can be read there. */
const onPage = (color: AnsiColor): string =>
  typeof color === 'number' && color < 16
    ? cssColor(color)
    : `oklch(from ${cssColor(color)} clamp(var(--ansi-darkest), l, var(--ansi-lightest)) c h)`

const blackOrWhite = (ground: AnsiColor): string => `oklch(from ${cssColor(ground)} clamp(0, (0.62 - l) * 1000, 1) 0 0)`
