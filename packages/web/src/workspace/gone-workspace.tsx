import { ArchiveRestore } from 'lucide-react'
import { useApiQuery } from '../api/query.ts'
import { useCommand } from '../api/use-command.ts'
import { NotFound, PagePending } from '../shell/page-states.tsx'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'

/** Stands for a workspace that is not among the present ones: it was removed and can be brought back, or never was. */
export function GoneWorkspace({ workspaceId }: { workspaceId: string }) {
  const { data: workspace, isPending } = useApiQuery('workspaces.get', { workspace: workspaceId }, { staleTime: 0 })
  const restore = useCommand('workspaces.restore')
  if (isPending) return <PagePending />
  if (workspace?.state !== 'removed') return <NotFound />
  const { name, branch, restorableUntil } = workspace
  const restorable = restorableUntil !== undefined && restorableUntil > Date.now()
  return (
    <EmptyState
      icon={ArchiveRestore}
      title={`${name} was removed`}
      className="my-auto"
      action={
        restorable && (
          <Button variant="primary" disabled={restore.pending} onClick={() => void restore.run({ workspaceId })}>
            Bring it back
          </Button>
        )
      }
    >
      {restorable
        ? `Its commits and files are kept until ${new Date(restorableUntil).toLocaleDateString()}.`
        : `Its branch was ${branch}.`}
    </EmptyState>
  )
}
