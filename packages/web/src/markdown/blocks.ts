import { Lexer, type Token } from 'marked'

/** A markdown text as blocks, and how far into the text each reaches. */
export interface Blocks {
  text: string
  tokens: readonly Token[]
}

const lex = (text: string): Token[] => [...new Lexer({ gfm: true, breaks: false }).lex(text)]

/**
 * The blocks of a text. While it grows at its end, the blocks before its last two stay the very same objects and are not read
 * again: a text that streams costs what its last blocks cost.
 */
export function blocksOf(text: string, before?: Blocks): Blocks {
  // The lexer makes newlines and tabs alike, so lengths are only those of the text when it has none to change.
  if (before && text.length > before.text.length && text.startsWith(before.text) && !/[\r\t]/.test(text)) {
    const kept = before.tokens.slice(0, Math.max(0, before.tokens.length - 2))
    const length = kept.reduce((sum, token) => sum + token.raw.length, 0)
    if (kept.length > 0 && text.startsWith(kept.map((token) => token.raw).join('')))
      return { text, tokens: [...kept, ...lex(text.slice(length))] }
  }
  return { text, tokens: lex(text) }
}

/** Whether a code fence has been closed; an open one is still being written. */
export function isClosedFence(raw: string): boolean {
  const opening = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1]
  if (opening === undefined) return true
  const last = raw.trimEnd().split('\n').at(-1) ?? ''
  return (
    raw.trimEnd().includes('\n') && last.trim().startsWith(opening[0] ?? '`') && last.trim().length >= opening.length
  )
}

const ALLOWED = /^(https?:|mailto:)/i

/** Where a link may lead; undefined for everything else, e.g. `javascript:`. */
export function safeHref(href: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers skip them, so they must not hide a scheme.
  const plain = href.replace(/[\u0000-\u0020\u007f-\u009f]/g, '')
  return ALLOWED.test(plain) ? plain : undefined
}

const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  copy: '©',
  hellip: '…',
  mdash: '—',
  ndash: '–',
}

/** Text with its character references resolved, as HTML would. */
export function unescapeText(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole
  })
}
