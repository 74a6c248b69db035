/** What a source line of a plan is, once its markup has been taken off. */
export type LineKind =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'item'; marker: string; checked: boolean | undefined; text: string }
  | { kind: 'quote'; text: string }
  | { kind: 'fence'; open: boolean; language: string }
  | { kind: 'code'; text: string }
  | { kind: 'table'; cells: string[]; role: 'head' | 'rule' | 'row' }
  | { kind: 'rule' }
  | { kind: 'blank' }

/**
 * One line of a plan's markdown. Every source line is a line of the document, so that each can be named, quoted and commented on;
 * `blockStart` and `blockEnd` (from 1, included) are the paragraph, list item, code or table that it belongs to.
 */
export type PlanLine = LineKind & {
  /** From 1. */
  number: number
  /** Steps of indentation, within lists. */
  depth: number
  source: string
  blockStart: number
  blockEnd: number
}

type Loose = LineKind & { number: number; depth: number; source: string }

/** Reads markdown line by line; what it does not know is text. */
export function planLines(markdown: string): PlanLine[] {
  const lines = classify(markdown.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n'))
  return lines.map((line, index) => ({ ...line, ...blockOf(lines, index) }))
}

function classify(sources: string[]): Loose[] {
  const lines: Loose[] = []
  let fence: { mark: string; depth: number; indent: number } | undefined
  /** The columns at which the texts of the list items stand that a line may belong to. */
  let columns: number[] = []
  for (const [index, source] of sources.entries()) {
    const number = index + 1
    if (fence) {
      const closes = new RegExp(`^\\s*${fence.mark[0]}{${fence.mark.length},}\\s*$`).test(source)
      const place = { number, depth: fence.depth, source }
      if (closes) lines.push({ kind: 'fence', open: false, language: '', ...place })
      else lines.push({ kind: 'code', text: dedent(source, fence.indent), ...place })
      if (closes) fence = undefined
      continue
    }
    if (source.trim() === '') {
      lines.push({ kind: 'blank', number, depth: 0, source })
      continue
    }
    const indent = columnOf(source)
    const opens = /^\s*(`{3,}|~{3,})\s*([^`\s]*)/.exec(source)
    columns = columns.filter((column) => column <= indent)
    const depth = columns.length
    if (opens) {
      fence = { mark: opens[1] ?? '```', depth, indent }
      lines.push({ kind: 'fence', open: true, language: opens[2] ?? '', number, depth, source })
      continue
    }
    const item = /^(\s*)([-*+]|\d{1,9}[.)])(\s+)(.*)$/.exec(source)
    const rule = /^\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/.test(source)
    if (item && !rule) {
      const [, lead = '', marker = '', gap = '', rest = ''] = item
      columns.push(columnOf(`${lead}${' '.repeat(marker.length)}${gap}x`))
      const box = /^\[([ xX])\]\s+(.*)$/.exec(rest)
      const checked = box ? box[1] !== ' ' : undefined
      lines.push({ kind: 'item', marker, checked, text: box?.[2] ?? rest, number, depth, source })
      continue
    }
    lines.push({ ...plainKind(source, rule, lines.at(-1)), number, depth, source })
  }
  return withTableHeads(lines)
}

function plainKind(source: string, rule: boolean, before: Loose | undefined): LineKind {
  const text = source.trim()
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(text)
  if (heading) return { kind: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' }
  if (rule) return { kind: 'rule' }
  if (text.startsWith('>')) return { kind: 'quote', text: text.replace(/^(?:>\s?)+/, '') }
  const inTable = before?.kind === 'table'
  if (text.startsWith('|') || (inTable && text.includes('|'))) {
    const cells = cellsOf(text)
    const isRule = cells.every((cell) => /^:?-+:?$/.test(cell))
    return { kind: 'table', cells, role: isRule ? 'rule' : 'row' }
  }
  return { kind: 'text', text }
}

function cellsOf(row: string): string[] {
  const inner = row.replace(/^\|/, '').replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function withTableHeads(lines: Loose[]): Loose[] {
  return lines.map((line, index) => {
    const next = lines[index + 1]
    const isHead = line.kind === 'table' && line.role === 'row' && next?.kind === 'table' && next.role === 'rule'
    return isHead ? { ...line, role: 'head' } : line
  })
}

function blockOf(lines: readonly Loose[], index: number): { blockStart: number; blockEnd: number } {
  const line = lines[index]
  if (!line) return { blockStart: index + 1, blockEnd: index + 1 }
  if (line.kind === 'fence' || line.kind === 'code') return codeBlock(lines, index)
  if (line.kind === 'item') return { blockStart: line.number, blockEnd: itemEnd(lines, index) }
  if (line.kind === 'heading') return { blockStart: line.number, blockEnd: sectionEnd(lines, index, line.level) }
  if (line.kind !== 'text' && line.kind !== 'table' && line.kind !== 'quote') {
    return { blockStart: line.number, blockEnd: line.number }
  }
  const belongs = (other: Loose | undefined) => other?.kind === line.kind && other.depth === line.depth
  let start = index
  let end = index
  while (belongs(lines[start - 1])) start--
  while (belongs(lines[end + 1])) end++
  return { blockStart: start + 1, blockEnd: end + 1 }
}

function codeBlock(lines: readonly Loose[], index: number): { blockStart: number; blockEnd: number } {
  const isFence = (at: number, open: boolean) => {
    const line = lines[at]
    return line?.kind === 'fence' && line.open === open
  }
  let start = index
  let end = index
  while (start > 0 && !isFence(start, true)) start--
  while (end < lines.length - 1 && !isFence(end, false)) end++
  return { blockStart: start + 1, blockEnd: end + 1 }
}

/** A list item holds everything below it that is indented further. */
function itemEnd(lines: readonly Loose[], index: number): number {
  const depth = lines[index]?.depth ?? 0
  return lastBefore(lines, index, (line) => line.depth <= depth)
}

/** A heading stands for its section. */
function sectionEnd(lines: readonly Loose[], index: number, level: number): number {
  return lastBefore(lines, index, (line) => line.kind === 'heading' && line.level <= level)
}

function lastBefore(lines: readonly Loose[], index: number, ends: (line: Loose) => boolean): number {
  let last = index
  for (let at = index + 1; at < lines.length; at++) {
    const line = lines[at]
    if (!line || line.kind === 'blank') continue
    if (ends(line)) break
    last = at
  }
  return last + 1
}

function columnOf(source: string): number {
  let column = 0
  for (const character of source) {
    if (character === ' ') column++
    else if (character === '\t') column += 4 - (column % 4)
    else break
  }
  return column
}

function dedent(source: string, indent: number): string {
  let at = 0
  while (at < indent && source[at] === ' ') at++
  return source.slice(at)
}
