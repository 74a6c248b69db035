import type { Item } from './items.ts'
import type { Row } from './rows.ts'
import { wordsOf } from './words.ts'

const lowered = new WeakMap<Item, string>()

function lower(item: Item): string {
  const known = lowered.get(item)
  if (known !== undefined) return known
  const words = wordsOf(item).toLowerCase()
  lowered.set(item, words)
  return words
}

/** The indexes of the rows that have a text in them, whatever its case. */
export function findIn(rows: readonly Row[], text: string): number[] {
  const wanted = text.toLowerCase()
  if (wanted === '') return []
  return rows.flatMap((row, index) => ('item' in row && lower(row.item).includes(wanted) ? [index] : []))
}
