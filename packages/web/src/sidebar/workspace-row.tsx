import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { Pin } from 'lucide-react'
import { type MouseEvent, memo, useState } from 'react'
import { useWorkspace } from '../api/live.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { MachineName } from '../machines/machine-name.tsx'
import { dollars } from '../ui/amounts.ts'
import { Checkbox } from '../ui/checkbox.tsx'
import { cn } from '../ui/cn.ts'
import { HoverCard, HoverCardContent, HoverCardTrigger } from '../ui/popover.tsx'
import { TimeSince } from '../ui/time-since.tsx'
import { costOf } from '../workspace/cost.ts'
import { DiffSize } from '../workspace/diff-size.tsx'
import { STATUSES, StatusIcon } from '../workspace/status.tsx'
import { RenameField } from './rename-field.tsx'
import { useSelection } from './selection.ts'
import { WorkspaceCard } from './workspace-card.tsx'
import { WorkspaceMenu } from './workspace-menu.tsx'

/** One workspace of the sidebar: what it is, how it stands and why. Drawn again only when it changes itself. */
export const WorkspaceRow = memo(function WorkspaceRow({ id, shown }: { id: string; shown: () => readonly string[] }) {
  const workspace = useWorkspace(id)
  const current = useParams({ strict: false, select: (params) => params.workspaceId === id })
  const picked = useSelection((selection) => selection.ids.has(id))
  const picking = useSelection((selection) => selection.ids.size > 0)
  const [renaming, setRenaming] = useState(false)
  const navigate = useNavigate()
  if (!workspace) return null
  const { name, status, diff, activeAt, pinned, machine } = workspace
  const cost = costOf(workspace)
  const unseen = workspace.sessions.some((session) => session.seenSeq < session.seq) && status.status !== 'working'

  const click = (event: MouseEvent) => {
    const { toggle, extend } = useSelection.getState()
    if (event.shiftKey) extend(id, shown())
    else if (event.metaKey || event.ctrlKey || picking) toggle(id)
    else return
    event.preventDefault()
  }
  if (renaming) {
    return <RenameField workspace={workspace} onDone={() => setRenaming(false)} />
  }
  return (
    <div className="group/row relative [content-visibility:auto] [contain-intrinsic-size:auto_3.25rem]">
      <HoverCard openDelay={450} closeDelay={80} {...(picking ? { open: false } : {})}>
        <HoverCardTrigger
          asChild
          // A click gives the focus too: only who comes by keyboard asks for more.
          onFocus={(event) => !event.currentTarget.matches(':focus-visible') && event.preventDefault()}
        >
          <Link
            to="/w/$workspaceId"
            params={{ workspaceId: id }}
            data-workspace={id}
            aria-current={current ? 'page' : undefined}
            onClick={click}
            onDoubleClick={() => setRenaming(true)}
            onKeyDown={(event) => {
              if (event.key === 'F2') setRenaming(true)
              if (event.key === 'x') useSelection.getState().toggle(id)
              if (event.key === ' ') void navigate({ to: '/w/$workspaceId', params: { workspaceId: id } })
            }}
            className={cn(
              'flex gap-2 rounded-md px-2 py-1.5 pr-2 text-left hover:bg-hover',
              current && 'bg-selected hover:bg-selected',
              picked && 'bg-accent-surface hover:bg-accent-surface',
            )}
          >
            <span className="flex h-5 w-4 shrink-0 items-center justify-center">
              {picking ? (
                <Checkbox checked={picked} tabIndex={-1} aria-hidden className="pointer-events-none" />
              ) : (
                <StatusIcon status={status.status} />
              )}
            </span>
            <span className="min-w-0 flex-1">
              <span className="flex h-5 items-center gap-1.5">
                <span className={cn('min-w-0 truncate', unseen ? 'font-semibold' : 'font-medium')}>{name}</span>
                {pinned && <Pin role="img" aria-label="Pinned" className="size-3 shrink-0 text-muted" />}
                <span className="sr-only">{`, ${STATUSES[status.status].name}: `}</span>
                <TimeSince
                  at={activeAt}
                  className="nums ml-auto shrink-0 text-muted text-xs group-has-focus-visible/row:invisible group-hover/row:invisible"
                />
              </span>
              <span className="mt-px flex items-center gap-2 text-muted text-xs">
                <span className="min-w-0 flex-1 truncate">{visibleCharacters(inShort(status.because))}</span>
                <MachineName id={machine} className="max-w-24 shrink-0" />
                <DiffSize diff={diff} />
                {cost > 0 && <span className="nums shrink-0">{dollars(cost)}</span>}
              </span>
            </span>
          </Link>
        </HoverCardTrigger>
        <HoverCardContent side="right" align="start" className="w-80">
          <WorkspaceCard workspace={workspace} />
        </HoverCardContent>
      </HoverCard>
      <WorkspaceMenu
        workspace={workspace}
        onRename={() => setRenaming(true)}
        className="absolute top-1 right-1 opacity-0 focus-visible:opacity-100 group-has-focus-visible/row:opacity-100 group-hover/row:opacity-100 aria-expanded:opacity-100"
      />
    </div>
  )
})

/** There is room for a few words, and the icon says already that the last turn ended well. */
const inShort = (because: string): string => because.replace(/^the last turn ended well(?:, | and |; )/, '')
