import type { Workspace } from '@skein/protocol'
import { useRef, useState } from 'react'
import { Input } from '../ui/input.tsx'
import { useWorkspaceCommands } from '../workspace/commands.ts'

/** A workspace's name, to be written anew: Enter keeps it, Escape leaves it as it was. */
export function RenameField({ workspace, onDone }: { workspace: Workspace; onDone(): void }) {
  const commands = useWorkspaceCommands()
  const [name, setName] = useState(workspace.name)
  const done = useRef(false)
  const finish = (keep: boolean) => {
    if (done.current) return
    done.current = true
    const wanted = name.trim()
    if (keep && wanted !== '' && wanted !== workspace.name) void commands.rename(workspace, wanted)
    onDone()
  }
  return (
    <Input
      autoFocus
      aria-label="Name of the workspace"
      maxLength={100}
      value={name}
      className="my-1"
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setName(event.target.value)}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') finish(true)
        if (event.key === 'Escape') finish(false)
      }}
    />
  )
}
