import type { Workspace } from '@skein/protocol'
import { count } from '../ui/amounts.ts'
import { cn } from '../ui/cn.ts'

/** How much a workspace changed: `+12 −3`. */
export function DiffSize({ diff, className }: { diff: Workspace['diff']; className?: string }) {
  if (!diff || diff.files === 0) return null
  const { files, added, deleted } = diff
  return (
    <span
      role="img"
      aria-label={`${added} lines added, ${deleted} deleted in ${files} ${files === 1 ? 'file' : 'files'}`}
      className={cn('nums inline-flex shrink-0 gap-1 text-xs', className)}
    >
      {added > 0 && <span className="text-added">+{count(added)}</span>}
      {deleted > 0 && <span className="text-deleted">−{count(deleted)}</span>}
    </span>
  )
}
