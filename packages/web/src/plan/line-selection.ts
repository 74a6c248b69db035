import type { LineRange } from '../comments/find-quote.ts'

/** Selected lines of a plan; `head` is the end that moves. */
export interface PlanSelection {
  anchor: number
  head: number
}

export function rangeOf({ anchor, head }: PlanSelection): LineRange {
  return { startLine: Math.min(anchor, head), endLine: Math.max(anchor, head) }
}

/** The selection after a step by so many lines; `extend` (Shift) moves its end only. */
export function stepBy({ anchor, head }: PlanSelection, step: number, extend: boolean, last: number): PlanSelection {
  const next = Math.max(1, Math.min(last, head + step))
  return { anchor: extend ? anchor : next, head: next }
}

export function isSelected(selection: PlanSelection | undefined, line: number): boolean {
  if (!selection) return false
  const { startLine, endLine } = rangeOf(selection)
  return line >= startLine && line <= endLine
}
