import { AskCard } from '../asks/ask-card.tsx'
import type { AskItem } from './items.ts'
import { useSessionContext } from './session-context.ts'

/** An ask where it was asked: to be answered, or with its answer. */
export function AskRow({ item }: { item: AskItem }) {
  const { askOf } = useSessionContext()
  const ask = askOf(item)
  if (ask) return <AskCard ask={ask} />
  const { title, outcome } = item
  return (
    <p className="rounded-md border px-3 py-2 text-muted text-sm">
      {title}
      {outcome && ` (${outcome.outcome === 'selected' ? 'answered' : outcome.outcome} by ${outcome.by})`}
    </p>
  )
}
