/** The list with one item at another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const place = Math.max(0, Math.min(list.length - 1, to))
  const next = list.toSpliced(from, 1)
  const item = list[from]
  return item === undefined ? [...list] : next.toSpliced(place, 0, item)
}

/** Before which of the others something that is held at `y` belongs; `middles` are theirs from top to bottom. */
export function placeAt(y: number, middles: readonly number[]): number {
  const below = middles.findIndex((middle) => y < middle)
  return below === -1 ? middles.length : below
}
