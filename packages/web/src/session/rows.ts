import type { AskItem, Item } from './items.ts'

/** What the transcript's list shows: an item, or a mark between two. */
export type Row = { key: string; item: Item } | { key: 'top' } | { key: 'seen' } | { key: 'bottom' }

/**
 * The rows of a transcript. `seenSeq`: how far it had been seen when it was opened; the mark stands before what is newer, where
 * there is anything to see.
 */
export function rowsOf(items: readonly Item[], seenSeq: number | undefined, showRaw: boolean): Row[] {
  const rows: Row[] = [{ key: 'top' }]
  let marked = seenSeq === undefined || seenSeq === 0
  const asking = new Map(
    items.flatMap((item): [string, AskItem][] =>
      item.type === 'ask' && item.toolCallId !== undefined ? [[item.toolCallId, item]] : [],
    ),
  )
  for (const item of items) {
    if (item.type === 'raw' && !showRaw) continue
    // A call that does nothing but ask is shown as what it asks; so is a plan, until it is decided.
    if (item.type === 'tool' && item.status !== 'failed' && asking.has(item.toolCallId)) continue
    if (item.type === 'plan' && item.state === 'proposed') {
      const ask = asking.get(item.planId)
      if (ask && !ask.outcome) continue
    }
    if (!marked && item.seq > (seenSeq ?? 0)) {
      marked = true
      if (rows.length > 1) rows.push({ key: 'seen' })
    }
    rows.push({ key: item.key, item })
  }
  rows.push({ key: 'bottom' })
  return rows
}

/** The index of the row that shows an item of a seq, or what stands before it; the first where nothing does. */
export function rowOfSeq(rows: readonly Row[], seq: number): number {
  const exact = rows.findIndex(
    (row) => 'item' in row && (row.item.seq === seq || (row.item.type === 'prompt' && row.item.queuedSeq === seq)),
  )
  return exact >= 0
    ? exact
    : Math.max(
        0,
        rows.findLastIndex((row) => 'item' in row && row.item.seq <= seq),
      )
}
