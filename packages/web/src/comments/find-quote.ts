/** Lines from 1, the last one included. */
export interface LineRange {
  startLine: number
  endLine: number
}

/** What became of quoted lines in another version of their text; where they are now, unless they are gone. */
export type QuoteMatch = ({ state: 'unchanged' | 'moved' | 'changed' } & LineRange) | { state: 'gone' }

/** Two texts whose words agree by less than this are held to be different texts. */
const SIMILAR = 0.5

/**
 * Finds quoted lines again in another version of the text that they were taken from: at their old place, anywhere else with the
 * same words (the nearest counts), or reworded. `lines` may have holes where a line is not known (a diff shows only some).
 */
export function findQuote(quote: string, was: LineRange, lines: readonly (string | undefined)[]): QuoteMatch {
  const wanted = quote.split('\n').map(bare)
  const known = lines.map((line) => (line === undefined ? undefined : bare(line)))
  const size = wanted.length
  const sameAt = (start: number) => wanted.every((line, index) => known[start + index] === line)

  if (sameAt(was.startLine - 1)) return { state: 'unchanged', ...range(was.startLine - 1, size) }
  const moved = nearest(was.startLine - 1, starts(known.length, size), sameAt)
  // A bare bracket or an empty line is found everywhere, and says nothing.
  if (moved !== undefined && wanted.some((line) => /\w{2}/u.test(line) || line.length > 3)) {
    return { state: 'moved', ...range(moved, size) }
  }
  const similar = mostSimilar(wanted, known, was.startLine - 1)
  return similar === undefined ? { state: 'gone' } : { state: 'changed', ...range(similar, size, known.length) }
}

/** A line without what a rewrite changes and a reader does not: its indent, its end, and the number of a list item. */
function bare(line: string): string {
  return line.trim().replace(/^\d+[.)]\s+/, '')
}

function range(start: number, size: number, limit = Number.POSITIVE_INFINITY): LineRange {
  return { startLine: start + 1, endLine: Math.min(start + size, limit) }
}

function starts(length: number, size: number): number {
  return Math.max(0, length - size + 1)
}

/** The index that fulfils the condition and is nearest to `from`; of two, the earlier. */
function nearest(from: number, count: number, fits: (index: number) => boolean): number | undefined {
  for (let distance = 0; distance <= Math.max(from, count); distance++) {
    const before = from - distance
    if (before >= 0 && before < count && fits(before)) return before
    const after = from + distance
    if (after >= 0 && after < count && fits(after)) return after
  }
  return undefined
}

function mostSimilar(wanted: string[], known: (string | undefined)[], from: number): number | undefined {
  const words = wordCounts(wanted)
  let best: { start: number; score: number } | undefined
  for (let start = 0; start < Math.max(1, starts(known.length, wanted.length)); start++) {
    const window = known.slice(start, start + wanted.length)
    const score = likeness(words, wordCounts(window))
    if (score < SIMILAR) continue
    const nearer = best !== undefined && Math.abs(start - from) < Math.abs(best.start - from)
    if (best === undefined || score > best.score || (score === best.score && nearer)) best = { start, score }
  }
  return best?.start
}

interface WordCounts {
  total: number
  counts: Map<string, number>
}

function wordCounts(lines: readonly (string | undefined)[]): WordCounts {
  const counts = new Map<string, number>()
  let total = 0
  for (const line of lines) {
    for (const word of line?.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []) {
      counts.set(word, (counts.get(word) ?? 0) + 1)
      total++
    }
  }
  return { total, counts }
}

/** Dice's coefficient over words, each as often as it stands there. */
function likeness(a: WordCounts, b: WordCounts): number {
  if (a.total === 0 || b.total === 0) return 0
  let shared = 0
  for (const [word, count] of a.counts) shared += Math.min(count, b.counts.get(word) ?? 0)
  return (2 * shared) / (a.total + b.total)
}
