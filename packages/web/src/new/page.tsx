import { useSearch } from '@tanstack/react-router'
import { useLive } from '../api/live.ts'
import { PageHeader } from '../shell/page-header.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { NewWorkspaceForm } from './form.tsx'

/** A new workspace, as a page: `?project=` names its project, `?on=` its machine. */
export function NewWorkspacePage() {
  const { project: projectId, on } = useSearch({ strict: false, select: ({ project, on }) => ({ project, on }) })
  const ready = useLive((live) => live.ready)
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-3xl pb-16">
        <PageHeader title="New workspace">
          A checkout of its own, on a branch of its own, with an agent in it.
        </PageHeader>
        <div className="px-4 pt-2 sm:px-8">
          {ready ? <NewWorkspaceForm projectId={projectId} on={on} /> : <SkeletonLines lines={6} />}
        </div>
      </div>
    </div>
  )
}
