import { lineRangeName } from '../comments/line-range-name.ts'
import type { DiffComment } from '../comments/place.ts'
import { Thread } from '../comments/thread.tsx'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { useReview } from './review.ts'

/** Comments on files that are not part of the diff any more. */
export function LostComments({ comments, complete }: { comments: readonly DiffComment[]; complete: boolean }) {
  const review = useReview()
  if (!complete || !review.present) return null
  const lost = comments.filter((comment) => comment.state !== 'met' && !review.changeOf(comment.place.path))
  if (lost.length === 0) return null
  return (
    <details className="border-border border-b bg-surface px-3 py-2 text-sm">
      <summary className="cursor-pointer text-muted">
        {lost.length === 1 ? 'A comment is' : `${lost.length} comments are`} on files that no longer differ
      </summary>
      <div className="mt-2 max-h-72 space-y-2 overflow-auto">
        {lost.map((comment) => (
          <div key={comment.id}>
            <p className="font-mono text-muted text-xs">
              {visibleCharacters(comment.place.path)}, {lineRangeName(comment.place)}
            </p>
            <Thread
              comment={comment}
              where={`${visibleCharacters(comment.place.path)}, ${lineRangeName(comment.place)}`}
              quote
            />
          </div>
        ))}
      </div>
    </details>
  )
}
