import type { KeyboardEvent } from 'react'

/** What the keys do in a card: 1–9 choose, y and Enter say yes, n says no, c comments. */
export interface AskKeys {
  digit(number: number): void
  yes(): void
  no(): void
  comment(): void
  /** What Enter does while the card itself has the focus. */
  enter(): void
  /** Where the focus goes when the card gets it. */
  first?(): HTMLElement | null
}

/** Passes a key that was pressed in a card on; never one that is typed into a field. */
export function pressIn(keys: AskKeys | null, event: KeyboardEvent<HTMLElement>): void {
  const { target, key } = event
  if (!keys || event.ctrlKey || event.metaKey || event.altKey || !(target instanceof HTMLElement)) return
  if (target.matches('textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox])')) return
  if (/^[1-9]$/.test(key)) keys.digit(Number(key))
  else if (key === 'y') keys.yes()
  else if (key === 'n') keys.no()
  else if (key === 'c') keys.comment()
  // A button or link that has the focus is pressed by Enter itself.
  else if (key === 'Enter' && !target.closest('button, a, summary')) keys.enter()
  else return
  event.preventDefault()
  event.stopPropagation()
}
