import type { Session } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useCommand } from '../api/use-command.ts'
import { cn } from '../ui/cn.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { Input } from '../ui/input.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { tabsList, tabsTrigger } from '../ui/tabs.tsx'

interface SessionTabsProps {
  workspaceId: string
  sessions: readonly Session[]
  onNew(): void
}

/** The sessions of a workspace, where it has several. */
export function SessionTabs({ workspaceId, sessions, onNew }: SessionTabsProps) {
  const [renaming, setRenaming] = useState<string>()
  const update = useCommand('sessions.update')
  return (
    <nav aria-label="Sessions" className={cn(tabsList, 'border-b bg-sunken px-3 py-1')}>
      {sessions.map((session, index) => {
        const title = session.title ?? `Session ${index + 1}`
        if (renaming === session.id) {
          const finish = (value: string) => {
            setRenaming(undefined)
            const wanted = value.trim()
            if (wanted !== '' && wanted !== title) void update.run({ sessionId: session.id, title: wanted })
          }
          return (
            <Input
              key={session.id}
              autoFocus
              aria-label="Title of the session"
              defaultValue={title}
              maxLength={200}
              className="h-7 w-48"
              onFocus={(event) => event.currentTarget.select()}
              onBlur={(event) => finish(event.currentTarget.value)}
              onKeyDown={(event) => {
                event.stopPropagation()
                if (event.key === 'Enter') finish(event.currentTarget.value)
                if (event.key === 'Escape') setRenaming(undefined)
              }}
            />
          )
        }
        return (
          <Link
            key={session.id}
            to="/w/$workspaceId/session/$sessionId"
            params={{ workspaceId, sessionId: session.id }}
            activeOptions={{ includeHash: false }}
            className={cn(tabsTrigger, 'h-7 max-w-56')}
            title={`${title} (F2 renames)`}
            onDoubleClick={() => setRenaming(session.id)}
            onKeyDown={(event) => event.key === 'F2' && setRenaming(session.id)}
          >
            {session.state === 'working' && <Spinner className="size-3" label="works" />}
            <span className="truncate">{title}</span>
            {session.seenSeq < session.seq && session.state !== 'working' && (
              <span className="size-1.5 shrink-0 rounded-full bg-accent">
                <span className="sr-only">, not seen yet</span>
              </span>
            )}
          </Link>
        )
      })}
      <IconButton label="New session" onClick={onNew}>
        <Plus />
      </IconButton>
    </nav>
  )
}
