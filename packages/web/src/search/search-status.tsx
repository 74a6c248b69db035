import { Search } from 'lucide-react'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'

interface SearchStatusProps {
  text: string
  /** Only one workspace or one kind is searched. */
  narrowed: boolean
  found: { data: unknown; isError: boolean; error: unknown; hasNextPage: boolean; refetch(): unknown }
}

/** What stands where no hits do: nothing asked, not answered yet, nothing found, or an error. */
export function SearchStatus({ text, narrowed, found }: SearchStatusProps) {
  if (text === '')
    return (
      <EmptyState icon={Search} title="Search in everything">
        Prompts, answers, plans, and what tools printed, in all sessions. The last word may be a beginning.
      </EmptyState>
    )
  if (found.isError)
    return <ErrorState error={found.error} title="The search failed" retry={() => void found.refetch()} />
  if (!found.data) return <SkeletonLines lines={8} />
  if (found.hasNextPage) return <p className="py-6 text-center text-muted">Nothing of this kind so far.</p>
  return (
    <EmptyState icon={Search} title={`Nothing holds “${text.slice(0, 60)}”`}>
      {narrowed
        ? 'There may be more in other workspaces, or of other kinds.'
        : 'Try fewer words, or the beginning of one.'}
    </EmptyState>
  )
}
