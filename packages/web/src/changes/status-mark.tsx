import type { FileChange } from '@skein/protocol'
import { cn } from '../ui/cn.ts'

const MARKS: Record<FileChange['status'], { letter: string; name: string; className: string }> = {
  added: { letter: 'A', name: 'Added', className: 'text-added' },
  modified: { letter: 'M', name: 'Modified', className: 'text-info' },
  deleted: { letter: 'D', name: 'Deleted', className: 'text-deleted' },
  renamed: { letter: 'R', name: 'Renamed', className: 'text-info' },
  copied: { letter: 'C', name: 'Copied', className: 'text-info' },
  type_changed: { letter: 'T', name: 'Became another kind of file', className: 'text-info' },
  unmerged: { letter: '!', name: 'Has conflicts', className: 'text-deleted' },
}

/** What happened to a file, as git's letter with its meaning. */
export function StatusMark({ status }: { status: FileChange['status'] }) {
  const { letter, name, className } = MARKS[status]
  return (
    <span className={cn('w-3 shrink-0 text-center font-mono font-semibold text-xs', className)} title={name}>
      <span aria-hidden>{letter}</span>
      <span className="sr-only">{name}</span>
    </span>
  )
}
