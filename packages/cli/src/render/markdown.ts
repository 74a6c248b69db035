import { type Row, row, type Span, span } from './row.ts'

/** A line of Markdown made legible; `hang` begins the further rows when it must be wrapped. */
export interface MarkdownLine {
  row: Row
  hang: Row
}

const FENCE = /^\s*(```|~~~)/
const HEADING = /^(#{1,6})\s+(.*?)(?:\s+#+)?$/
const BULLET = /^(\s*)[-*+]\s+(\[[ xX]\]\s+)?(.*)$/
const NUMBERED = /^(\s*)(\d{1,3}[.)])\s+(.*)$/
const QUOTE = /^\s*>\s?(.*)$/
const RULE = /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/
const INLINE =
  /(`+)(?<code>[^`]+)\1|\*\*(?<strong>\S(?:.*?\S)?)\*\*|__(?<strong2>\S(?:.*?\S)?)__|(?<![\w*])\*(?<em>[^\s*](?:[^*]*[^\s*])?)\*(?![\w*])|(?<![\w_])_(?<em2>[^\s_](?:[^_]*[^\s_])?)_(?![\w_])|\[(?<label>[^\]]+)\]\((?<url>[^)\s]+)\)/g

/**
 * Styles Markdown line by line, as it streams. Light on purpose: headings, fences, lists, quotes, bold, emphasis, code and
 * links; everything else stays as it was written.
 */
export class MarkdownStyler {
  #fenced = false

  /** Styles one line. `peek`: the line is still being written, what it begins does not count yet. */
  line(text: string, peek = false): MarkdownLine {
    if (FENCE.test(text)) {
      if (!peek) this.#fenced = !this.#fenced
      return { row: row(span(text, 'dim')), hang: [] }
    }
    if (this.#fenced) return { row: row(span(text, 'code')), hang: [] }
    const heading = HEADING.exec(text)
    if (heading) return { row: row(span(heading[2] ?? '', 'heading')), hang: [] }
    if (RULE.test(text)) return { row: row(span('───', 'dim')), hang: [] }
    const bullet = BULLET.exec(text)
    if (bullet) {
      const box = bullet[2] === undefined ? '' : /x/i.test(bullet[2]) ? '☑ ' : '☐ '
      const head = `${bullet[1]}• ${box}`
      return { row: [span(head), ...inline(bullet[3] ?? '')], hang: row(' '.repeat(head.length)) }
    }
    const numbered = NUMBERED.exec(text)
    if (numbered) {
      const head = `${numbered[1]}${numbered[2]} `
      return { row: [span(head), ...inline(numbered[3] ?? '')], hang: row(' '.repeat(head.length)) }
    }
    const quote = QUOTE.exec(text)
    if (quote) return { row: [span('│ ', 'dim'), ...inline(quote[1] ?? '')], hang: row(span('│ ', 'dim')) }
    return { row: inline(text), hang: [] }
  }
}

function inline(text: string): Row {
  const spans: Span[] = []
  let end = 0
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) spans.push(span(text.slice(end, match.index)))
    end = match.index + match[0].length
    const { code, strong, strong2, em, em2, label, url } = match.groups ?? {}
    if (code !== undefined) spans.push(span(code, 'code'))
    else if (strong !== undefined || strong2 !== undefined) spans.push(span(strong ?? strong2 ?? '', 'strong'))
    else if (em !== undefined || em2 !== undefined) spans.push(span(em ?? em2 ?? '', 'emphasis'))
    // The address stays visible: a label can claim anything.
    else if (label !== undefined) spans.push(span(label), span(label === url ? '' : ` (${url})`, 'dim'))
  }
  if (end < text.length) spans.push(span(text.slice(end)))
  return spans
}
