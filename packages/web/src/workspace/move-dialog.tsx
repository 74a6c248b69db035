import type { Workspace } from '@skein/protocol'
import { useId, useState } from 'react'
import { useCommand } from '../api/use-command.ts'
import { PlaceChoice } from '../machines/place-choice.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'

interface MoveDialogProps {
  workspace: Workspace
  onClose(): void
}

/** Chooses another machine for a workspace. */
export function MoveDialog({ workspace, onClose }: MoveDialogProps) {
  const [to, setTo] = useState(workspace.machine === 'local' ? '' : 'local')
  const { run: move, pending } = useCommand('workspaces.move')
  const id = useId()
  const complete = to !== '' && !to.endsWith(':') && to !== workspace.machine
  const onMove = async () => {
    if (await move({ workspaceId: workspace.id, to })) onClose()
  }
  return (
    <Dialog open onOpenChange={(stays) => !stays && onClose()}>
      <DialogContent
        title={`Move ${workspace.name}`}
        description="Its branch, its files whether committed or not, and what its sessions remember go along. The old place stays until the new one is ready."
      >
        <DialogBody>
          <label htmlFor={id} className="text-sm font-medium">
            To
          </label>
          <PlaceChoice id={id} value={to} onChange={setTo} />
        </DialogBody>
        <DialogFooter>
          <Button variant="secondary" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="primary" disabled={!complete || pending} onClick={() => void onMove()}>
            {pending ? 'Moving…' : 'Move'}
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
