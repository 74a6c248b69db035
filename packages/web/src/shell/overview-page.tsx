import type { Status, Workspace } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useLive, useProjects, useWorkspaces } from '../api/live.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { dollars } from '../ui/amounts.ts'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { TimeSince } from '../ui/time-since.tsx'
import { costOf } from '../workspace/cost.ts'
import { DiffSize } from '../workspace/diff-size.tsx'
import { STATUSES, StatusIcon } from '../workspace/status.tsx'
import { PageHeader } from './page-header.tsx'

const ORDER: readonly Status[] = ['needs_you', 'failed', 'ready_for_review', 'working', 'checking', 'unknown', 'idle']

/** Every workspace that is not put away, by how it stands. */
export function OverviewPage() {
  const ready = useLive((live) => live.ready)
  const workspaces = useWorkspaces().filter((workspace) => !workspace.archived)
  const projects = useProjects()
  const cost = workspaces.reduce((sum, workspace) => sum + costOf(workspace), 0)
  if (!ready) return <SkeletonLines lines={8} className="mx-auto w-full max-w-4xl p-8" />
  if (workspaces.length === 0) {
    return (
      <EmptyState
        title={projects.length === 0 ? 'No project yet' : 'Nothing is under way'}
        className="my-auto"
        action={
          <Button variant="primary" asChild>
            {projects.length === 0 ? <Link to="/welcome">Add a project</Link> : <Link to="/new">New workspace</Link>}
          </Button>
        }
      >
        A workspace is a checkout of its own, in which an agent works.
      </EmptyState>
    )
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-4xl pb-16">
        <PageHeader
          title="Overview"
          actions={
            <Button variant="primary" asChild>
              <Link to="/new">
                <Plus />
                New workspace
              </Link>
            </Button>
          }
        >
          {workspaces.length} {workspaces.length === 1 ? 'workspace' : 'workspaces'}, {dollars(cost)} so far
        </PageHeader>
        {ORDER.map((status) => {
          const those = workspaces.filter((workspace) => workspace.status.status === status)
          if (those.length === 0) return null
          return (
            <section key={status} aria-label={STATUSES[status].name} className="mt-4 px-2 sm:px-6">
              <h2 className="flex items-center gap-2 px-2 py-1 font-medium text-muted text-sm">
                <StatusIcon status={status} />
                {STATUSES[status].name}
                <span className="nums font-normal">{those.length}</span>
              </h2>
              <ul className="divide-y border-y">
                {those.map((workspace) => (
                  <OverviewRow key={workspace.id} workspace={workspace} />
                ))}
              </ul>
            </section>
          )
        })}
      </div>
    </div>
  )
}

function OverviewRow({ workspace }: { workspace: Workspace }) {
  const { id, name, projectName, branch, status, diff, activeAt } = workspace
  const cost = costOf(workspace)
  return (
    <li>
      <Link
        to="/w/$workspaceId"
        params={{ workspaceId: id }}
        className="grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-4 px-2 py-2.5 hover:bg-hover"
      >
        <span className="flex min-w-0 items-baseline gap-2">
          <span className="truncate font-medium">{name}</span>
          <span className="shrink-0 text-muted text-sm max-sm:hidden">{projectName}</span>
        </span>
        <span className="flex items-baseline gap-3 text-muted text-sm">
          <DiffSize diff={diff} />
          {cost > 0 && <span className="nums max-sm:hidden">{dollars(cost)}</span>}
          <TimeSince at={activeAt} className="nums w-9 text-right" />
        </span>
        <span className="col-span-2 flex min-w-0 gap-3 text-muted text-sm">
          <span className="min-w-0 flex-1 truncate">{visibleCharacters(status.because)}</span>
          <span className="truncate font-mono text-xs leading-5 max-sm:hidden">{branch}</span>
        </span>
      </Link>
    </li>
  )
}
