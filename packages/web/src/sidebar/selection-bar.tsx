import { Archive, Trash2, X } from 'lucide-react'
import { useLive } from '../api/live.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { useWorkspaceCommands } from '../workspace/commands.ts'
import { useSelection } from './selection.ts'

/** What can be done with all workspaces that are picked. */
export function SelectionBar() {
  const { ids, clear } = useSelection()
  const commands = useWorkspaceCommands()
  useShortcut({ keys: 'escape', label: 'Clear the selection', group: 'Workspaces', when: ids.size > 0, run: clear })
  if (ids.size === 0) return null
  const picked = () => [...ids].flatMap((id) => useLive.getState().workspaces.get(id) ?? [])
  return (
    <div role="toolbar" aria-label="Selected workspaces" className="flex items-center gap-1 border-t p-2">
      <span className="mr-auto whitespace-nowrap pl-1 font-medium text-sm">{ids.size} selected</span>
      <IconButton label="Archive" side="top" onClick={() => void commands.archive(picked()).then(clear)}>
        <Archive />
      </IconButton>
      <IconButton label="Remove…" side="top" onClick={() => void commands.remove(picked()).then(clear)}>
        <Trash2 />
      </IconButton>
      <IconButton label="Clear the selection" keys="escape" side="top" onClick={clear}>
        <X />
      </IconButton>
    </div>
  )
}
