import type { Status, Workspace } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { memo, useId } from 'react'
import type { AskCardHandle } from '../asks/ask-card.tsx'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { TimeSince } from '../ui/time-since.tsx'
import { DiffSize } from '../workspace/diff-size.tsx'
import { StatusIcon } from '../workspace/status.tsx'

interface WorkspaceListProps {
  title: string
  status: Status
  workspaces: readonly Workspace[]
  handleOf?(stop: string): (handle: AskCardHandle | null) => void
  onActive?(stop: string): void
}

/** Workspaces of one status, each with why; it leads to where one looks next. */
export function WorkspaceList({ title, status, workspaces, handleOf, onActive }: WorkspaceListProps) {
  const id = useId()
  if (workspaces.length === 0) return null
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-2 flex items-center gap-2 font-semibold">
        <StatusIcon status={status} />
        {title}
        <span className="nums font-normal text-muted">{workspaces.length}</span>
      </h2>
      <ul className="divide-y border-y">
        {workspaces.map((workspace) => (
          <li key={workspace.id} onFocus={() => onActive?.(`workspace ${workspace.id}`)}>
            <Row workspace={workspace} handle={handleOf?.(`workspace ${workspace.id}`)} />
          </li>
        ))}
      </ul>
    </section>
  )
}

interface RowProps {
  workspace: Workspace
  handle: ((handle: AskCardHandle | null) => void) | undefined
}

const Row = memo(function Row({ workspace, handle }: RowProps) {
  const { id, name, projectName, status, diff, activeAt } = workspace
  return (
    <Link
      ref={(element) => handle?.(element && { focus: () => element.focus() })}
      to={status.status === 'ready_for_review' ? '/w/$workspaceId/changes' : '/w/$workspaceId'}
      params={{ workspaceId: id }}
      className="grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-4 px-2 py-2.5 hover:bg-hover"
    >
      <span className="flex min-w-0 items-baseline gap-2">
        <span className="truncate font-medium">{name}</span>
        <span className="shrink-0 text-muted text-sm max-sm:hidden">{projectName}</span>
      </span>
      <span className="flex items-baseline gap-3 text-muted text-sm">
        <DiffSize diff={diff} />
        <TimeSince at={activeAt} className="nums w-9 text-right" />
      </span>
      <span className="col-span-2 line-clamp-2 text-muted text-sm [overflow-wrap:anywhere]">
        {visibleCharacters(status.because)}
      </span>
    </Link>
  )
})
