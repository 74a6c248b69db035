import { Link, Outlet, useLocation, useParams } from '@tanstack/react-router'
import { FileDiff, GitBranch, ListChecks, MessagesSquare, Play, ScrollText, SquareTerminal } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useLive, useWorkspace } from '../api/live.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { MachineName } from '../machines/machine-name.tsx'
import { ChangesPage, loadAhead } from '../pages.ts'
import { PagePending } from '../shell/page-states.tsx'
import { RenameField } from '../sidebar/rename-field.tsx'
import { WorkspaceMenu } from '../sidebar/workspace-menu.tsx'
import { cn } from '../ui/cn.ts'
import { Popover, PopoverContent, PopoverTrigger } from '../ui/popover.tsx'
import { tabsList, tabsTrigger } from '../ui/tabs.tsx'
import { DiffSize } from './diff-size.tsx'
import { GoneWorkspace } from './gone-workspace.tsx'
import { rememberedSession } from './remembered-session.ts'
import { STATUSES, StatusIcon } from './status.tsx'
import { StatusEvidence } from './status-evidence.tsx'

/** What stands above every page of a workspace: its name, how it stands and why, and its pages. */
export function WorkspaceLayout() {
  const { workspaceId } = useParams({ from: '/w/$workspaceId' })
  const workspace = useWorkspace(workspaceId)
  const ready = useLive((live) => live.ready)
  const [renaming, setRenaming] = useState(false)
  const changed = (workspace?.diff?.files ?? 0) > 0
  // With its workers, which take longest to begin; only where there is something to look at.
  useEffect(() => (changed ? loadAhead(ChangesPage) : undefined), [changed])
  if (!workspace || workspace.state === 'removed')
    return ready ? <GoneWorkspace workspaceId={workspaceId} /> : <PagePending />
  const { name, branch, projectName, status, diff, machine } = workspace
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="shrink-0 border-b px-3 sm:px-4">
        <div className="flex min-h-11 items-center gap-x-3 gap-y-1 pt-1.5 max-md:flex-wrap">
          {renaming ? (
            <div className="w-72 max-w-full">
              <RenameField workspace={workspace} onDone={() => setRenaming(false)} />
            </div>
          ) : (
            <h1 className="min-w-0 truncate font-semibold text-lg md:max-w-[55%] md:shrink-0" title={name}>
              {name}
            </h1>
          )}
          <Popover>
            <PopoverTrigger className="flex h-7 min-w-0 items-center gap-1.5 rounded-md px-1.5 text-sm hover:bg-hover">
              <StatusIcon status={status.status} />
              <span className="shrink-0 font-medium">{STATUSES[status.status].name}</span>
              <span className="truncate text-muted max-lg:hidden">{visibleCharacters(status.because)}</span>
            </PopoverTrigger>
            <PopoverContent aria-label="Why it stands so" align="start" className="w-80">
              <StatusEvidence report={status} />
            </PopoverContent>
          </Popover>
          <span className="ml-auto flex min-w-0 items-center gap-3 text-muted text-sm md:shrink-0">
            {machine !== 'local' && (
              <Link to="/machines" hash={machine} className="flex min-w-0 rounded-md hover:text-foreground">
                <MachineName id={machine} compact className="max-w-40" />
              </Link>
            )}
            <span className={machine === 'local' ? 'max-xl:hidden' : 'max-2xl:hidden'}>{projectName}</span>
            <span className="flex min-w-0 items-center gap-1 max-md:hidden" title={branch}>
              <GitBranch aria-hidden className="size-3.5 shrink-0" />
              <span className="max-w-64 truncate font-mono text-xs">{branch}</span>
            </span>
            <DiffSize diff={diff} className="max-md:hidden" />
            <WorkspaceMenu workspace={workspace} onRename={() => setRenaming(true)} />
          </span>
        </div>
        <WorkspaceTabs workspaceId={workspaceId} />
      </header>
      <div className="flex min-h-0 flex-1 flex-col">
        <Outlet />
      </div>
    </div>
  )
}

const PAGES = [
  { to: '/w/$workspaceId/plan', label: 'Plan', icon: ScrollText, keys: 'g p' },
  { to: '/w/$workspaceId/changes', label: 'Changes', icon: FileDiff, keys: 'g d' },
  { to: '/w/$workspaceId/checks', label: 'Checks', icon: ListChecks, keys: 'g c' },
  { to: '/w/$workspaceId/services', label: 'Services', icon: Play, keys: 'g v' },
  { to: '/w/$workspaceId/terminals', label: 'Terminals', icon: SquareTerminal, keys: 'g t' },
] as const

function WorkspaceTabs({ workspaceId }: { workspaceId: string }) {
  const workspace = useWorkspace(workspaceId)
  const sessionId = rememberedSession(workspace)
  const group = 'This workspace'
  const tabs = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  // Where there is no room for all, the one that is shown is in view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path says which one is shown.
  useEffect(() => {
    const nav = tabs.current
    if (!nav) return
    const show = () => nav.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    const observer = new ResizeObserver(show)
    observer.observe(nav)
    show()
    return () => observer.disconnect()
  }, [pathname])
  return (
    <nav
      ref={tabs}
      aria-label="Pages of the workspace"
      className={cn(tabsList, '-mx-1 px-1 py-1 [scrollbar-width:none]')}
    >
      {sessionId !== undefined && (
        <Link
          to="/w/$workspaceId/session/$sessionId"
          params={{ workspaceId, sessionId }}
          activeOptions={{ includeHash: false, includeSearch: false }}
          className={tabsTrigger}
        >
          <MessagesSquare aria-hidden />
          Session
          <GoTo keys="g s" label="Session" group={group} />
        </Link>
      )}
      {PAGES.map(({ to, label, icon: Icon, keys }) => (
        <Link key={to} to={to} params={{ workspaceId }} className={tabsTrigger}>
          <Icon aria-hidden />
          {label}
          <PageMark page={label} workspaceId={workspaceId} />
          <GoTo keys={keys} label={label} group={group} />
        </Link>
      ))}
    </nav>
  )
}

/** The shortcut of the link that it stands in. */
function GoTo({ keys, label, group }: { keys: string; label: string; group: string }) {
  const [link, setLink] = useState<HTMLElement | null>(null)
  useShortcut({ keys, label: `Go to ${label}`, group, run: () => link?.closest('a')?.click() })
  return <span ref={setLink} hidden />
}

/** A dot where a page has something that the person should look at. */
function PageMark({ page, workspaceId }: { page: string; workspaceId: string }) {
  const mark = useLive((live) => {
    switch (page) {
      case 'Plan':
        return [...live.asks.values()].some(
          (ask) => ask.workspaceId === workspaceId && ask.kind === 'plan' && ask.state === 'open',
        )
          ? 'a plan waits for you'
          : undefined
      case 'Checks':
        return [...(live.checks.get(workspaceId)?.values() ?? [])].some((check) => check.last?.state === 'failed')
          ? 'a check failed'
          : undefined
      case 'Services':
        return [...(live.services.get(workspaceId)?.values() ?? [])].some((service) => service.state === 'failed')
          ? 'a service failed'
          : undefined
      default:
        return undefined
    }
  })
  if (mark === undefined) return null
  return (
    <span className={cn('size-1.5 rounded-full', page === 'Plan' ? 'bg-status-needs-you' : 'bg-status-failed')}>
      <span className="sr-only">, {mark}</span>
    </span>
  )
}
