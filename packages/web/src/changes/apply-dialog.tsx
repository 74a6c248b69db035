import type { ApiResult, Workspace } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api/context.tsx'
import { reportFailure } from '../comments/report-failure.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { toast } from '../ui/toast.tsx'

interface ApplyDialogProps {
  workspace: Workspace
  open: boolean
  onOpenChange(open: boolean): void
}

type Outcome = ApiResult<'workspaces.apply'>

/** Brings the work into the person's own checkout: first asks whether it would fit, and shows where it would not. */
export function ApplyDialog({ workspace, open, onOpenChange }: ApplyDialogProps) {
  const api = useApi()
  const [busy, setBusy] = useState(false)
  const call = (check: boolean) =>
    api.call('workspaces.apply', { key: crypto.randomUUID(), workspaceId: workspace.id, to: { checkout: true }, check })
  const trial = useQuery({
    queryKey: ['apply', workspace.id],
    queryFn: () => call(true),
    enabled: open,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  })

  const apply = async () => {
    setBusy(true)
    try {
      const outcome = await call(false)
      if (outcome.applied) {
        toast.success(`${counted(outcome.files)} applied to your checkout`, {
          description: 'As changes that are not committed.',
        })
        onOpenChange(false)
      } else await trial.refetch()
    } catch (error) {
      reportFailure('Not applied', error)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title="Apply to your checkout"
        description={`The changes of ${workspace.name} become uncommitted changes in your own checkout of ${workspace.projectName}: all of them, or none.`}
      >
        <DialogBody className="text-sm" aria-live="polite">
          {trial.isFetching ? (
            <p className="text-muted">Checking whether they fit…</p>
          ) : trial.error ? (
            <p className="text-danger">{trial.error.message}</p>
          ) : (
            trial.data && <Fit outcome={trial.data} />
          )}
        </DialogBody>
        <DialogFooter>
          <Button variant="ghost" onClick={() => onOpenChange(false)}>
            Cancel
          </Button>
          <Button
            variant="primary"
            disabled={busy || trial.isFetching || !trial.data || trial.data.conflicts.length > 0}
            onClick={() => void apply()}
          >
            Apply
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}

function Fit({ outcome }: { outcome: Outcome }) {
  if (outcome.conflicts.length === 0) return <p>{counted(outcome.files)} will change, without conflicts.</p>
  return (
    <>
      <p>
        {outcome.conflicts.length} of {counted(outcome.files)} would conflict with what is in your checkout
        {outcome.message === undefined ? '' : ` (${outcome.message})`}. Nothing was changed.
      </p>
      <ul className="mt-2 max-h-48 overflow-auto font-mono text-xs">
        {outcome.conflicts.map((path) => (
          <li key={path} className="py-0.5">
            {visibleCharacters(path)}
          </li>
        ))}
      </ul>
      <p className="mt-2 text-muted">Commit or stash those files there, or ask the agent to rebase, then try again.</p>
    </>
  )
}

function counted(files: number): string {
  return files === 1 ? '1 file' : `${files} files`
}
