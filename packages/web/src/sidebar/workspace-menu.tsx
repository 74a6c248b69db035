import type { Workspace } from '@skein/protocol'
import {
  Archive,
  ArchiveRestore,
  ArrowRightLeft,
  Copy,
  Ellipsis,
  Pencil,
  Pin,
  PinOff,
  SquareCheck,
  Trash2,
} from 'lucide-react'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '../ui/dropdown-menu.tsx'
import { useWorkspaceCommands } from '../workspace/commands.ts'
import { MoveDialog } from '../workspace/move-dialog.tsx'
import { useSelection } from './selection.ts'

interface WorkspaceMenuProps {
  workspace: Workspace
  onRename(): void
  className?: string
}

/** What can be done with one workspace. */
export function WorkspaceMenu({ workspace, onRename, className }: WorkspaceMenuProps) {
  const commands = useWorkspaceCommands()
  const { pinned, archived } = workspace
  const [moving, setMoving] = useState(false)
  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button variant="ghost" size="icon-sm" aria-label={`More about ${workspace.name}`} className={className}>
            <Ellipsis />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="end" onCloseAutoFocus={(event) => event.preventDefault()}>
          <DropdownMenuItem onSelect={() => void commands.pin(workspace)}>
            {pinned ? <PinOff /> : <Pin />}
            {pinned ? 'Unpin' : 'Pin to the top'}
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={onRename}>
            <Pencil />
            Rename
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={() => void navigator.clipboard.writeText(workspace.branch)}>
            <Copy />
            Copy branch name
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={() => useSelection.getState().toggle(workspace.id)}>
            <SquareCheck />
            Select
          </DropdownMenuItem>
          <DropdownMenuItem disabled={workspace.state !== 'ready'} onSelect={() => setMoving(true)}>
            <ArrowRightLeft />
            Move to another machine…
          </DropdownMenuItem>
          <DropdownMenuSeparator />
          <DropdownMenuItem onSelect={() => void commands.archive([workspace], !archived)}>
            {archived ? <ArchiveRestore /> : <Archive />}
            {archived ? 'Take out of the archive' : 'Archive'}
          </DropdownMenuItem>
          <DropdownMenuItem danger onSelect={() => void commands.remove([workspace])}>
            <Trash2 />
            Remove…
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
      {moving && <MoveDialog workspace={workspace} onClose={() => setMoving(false)} />}
    </>
  )
}
