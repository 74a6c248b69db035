import type { FileChange } from '@skein/protocol'
import { ChevronRight } from 'lucide-react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'
import { collapseReason } from './file-list.ts'
import { FileMenu } from './file-menu.tsx'
import { useReview } from './review.ts'
import { StatusMark } from './status-mark.tsx'

/** The head of a file in the diff. Its height is `FILE_HEADER_HEIGHT`, which the viewer counts on. */
export function FileHeader({ path }: { path: string }) {
  const review = useReview()
  const change = review.changeOf(path)
  if (!change) return null
  const collapsed = review.isCollapsed(path)
  const viewed = review.isViewed(path)
  const reason = collapsed && !viewed ? collapseReason(change) : undefined
  return (
    <div className="flex h-11 min-w-0 items-center gap-2 border-y bg-surface pr-2 pl-1 text-sm" data-file={path}>
      <button
        type="button"
        className="flex min-w-0 flex-1 items-center gap-2 self-stretch rounded px-1 pr-3 text-left"
        aria-expanded={!collapsed}
        onClick={() => review.setCollapsed(path, !collapsed)}
      >
        <ChevronRight className={cn('size-4 shrink-0 text-muted', !collapsed && 'rotate-90')} aria-hidden />
        <StatusMark status={change.status} />
        <PathName change={change} />
        {reason !== undefined && (
          <span className="shrink-0 text-xs text-muted max-sm:hidden">
            {reason}, {(change.added + change.deleted).toLocaleString('en')} lines · show
          </span>
        )}
      </button>
      <LineCounts change={change} />
      <label className="flex cursor-pointer items-center gap-1.5 text-xs text-muted max-sm:gap-1">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={viewed}
          aria-label={`${visibleCharacters(path)} is viewed`}
          onChange={(event) => review.setViewed(path, event.target.checked)}
        />
        <span className="max-sm:hidden">Viewed</span>
      </label>
      <FileMenu change={change} />
    </div>
  )
}

/** The end of a path says which file it is, so that a long one loses its beginning. */
function PathName({ change }: { change: FileChange }) {
  const path = visibleCharacters(change.path)
  const oldPath = change.oldPath && visibleCharacters(change.oldPath)
  const cut = path.lastIndexOf('/') + 1
  return (
    <span
      className="flex min-w-0 items-baseline overflow-hidden font-mono text-[0.8125rem]"
      title={oldPath ? `${oldPath} → ${path}` : path}
    >
      {cut > 0 && (
        <span className="min-w-6 truncate text-muted [direction:rtl]">
          <bdi>{path.slice(0, cut)}</bdi>
        </span>
      )}
      <span className="min-w-0 truncate font-medium">{path.slice(cut)}</span>
    </span>
  )
}

export function LineCounts({ change: { added, deleted, binary } }: { change: FileChange }) {
  if (binary) return <span className="shrink-0 text-xs text-muted">binary</span>
  return (
    <span className="shrink-0 font-mono text-xs tabular-nums">
      {added > 0 && <span className="text-added">+{added.toLocaleString('en')}</span>}
      {added > 0 && deleted > 0 && ' '}
      {deleted > 0 && <span className="text-deleted">−{deleted.toLocaleString('en')}</span>}
    </span>
  )
}
