import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { ChevronRight, Inbox, Plus, Search, Server, Settings, X } from 'lucide-react'
import { type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useAsks, useLive, useProjects } from '../api/live.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { cn } from '../ui/cn.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { arrange, type Section } from './arrange.ts'
import { SelectionBar } from './selection-bar.tsx'
import { WorkspaceRow } from './workspace-row.tsx'

/** Everything that is under way, who needs the person first. */
export function Sidebar({ onNavigate }: { onNavigate?: () => void }) {
  const [filter, setFilter] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const ready = useLive((live) => live.ready)
  const workspaces = useLive((live) => live.workspaces)
  const projects = useProjects()
  const sections = useMemo(() => arrange(workspaces.values(), projects, filter), [workspaces, projects, filter])
  const order = useRef<readonly string[]>([])
  useEffect(() => {
    order.current = sections.flatMap(({ ids }) => ids)
  }, [sections])
  const shown = useCallback(() => order.current, [])
  useMoves(shown)
  useShortcut({
    ...{ keys: 'mod+shift+f', label: 'Filter workspaces', group: 'Workspaces' },
    run: () => field.current?.focus(),
  })

  const arrows = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const rows = [...(list.current?.querySelectorAll<HTMLElement>('[data-workspace]') ?? [])]
    const at = rows.indexOf(document.activeElement as HTMLElement)
    const next = rows[at + (event.key === 'ArrowDown' ? 1 : -1)]
    if (!next && at === 0) field.current?.focus()
    next?.focus()
    event.preventDefault()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move between the links within.
    <div className="flex min-h-0 flex-1 flex-col bg-sunken" onKeyDown={arrows}>
      <header className="flex items-center gap-1 px-3 pt-3 pb-2">
        <Link to="/" className="mr-auto flex items-center gap-2 rounded-md px-1 font-semibold" onClick={onNavigate}>
          <SkeinMark />
          Skein
        </Link>
        <IconButton label="New workspace" keys="c" asChild>
          <Link to="/new" onClick={onNavigate}>
            <Plus />
          </Link>
        </IconButton>
      </header>
      <nav aria-label="Main" className="px-2 pb-2">
        <InboxLink onNavigate={onNavigate} />
        <NavLink to="/search" label="Search" keys="/" icon={Search} onNavigate={onNavigate} />
        <NavLink to="/machines" label="Machines" keys="g m" icon={Server} onNavigate={onNavigate} />
        <NavLink to="/settings" label="Settings" keys="mod+," icon={Settings} onNavigate={onNavigate} />
      </nav>
      <div className="relative px-2 pb-2">
        <input
          ref={field}
          type="search"
          aria-label="Filter workspaces"
          placeholder="Filter"
          value={filter}
          className="field h-8 w-full pr-8 [&::-webkit-search-cancel-button]:hidden"
          onChange={(event) => setFilter(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') {
              setFilter('')
              event.currentTarget.blur()
            }
          }}
        />
        {filter !== '' && (
          <IconButton label="Clear the filter" className="absolute top-0.5 right-2.5" onClick={() => setFilter('')}>
            <X />
          </IconButton>
        )}
      </div>
      <div ref={list} className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        <nav aria-label="Workspaces">
          {ready || workspaces.size > 0 ? (
            sections.map(({ key, ...section }) => (
              <SidebarSection key={key} {...section} shown={shown} filtered={filter !== ''} />
            ))
          ) : (
            <RowSkeletons />
          )}
          {filter !== '' && sections.length === 0 && (
            <p className="px-2 py-6 text-center text-muted text-sm">No workspace has “{filter}” in it.</p>
          )}
        </nav>
      </div>
      <SelectionBar />
    </div>
  )
}

/** j and k go from one workspace to the next, wherever the focus is. */
function useMoves(shown: () => readonly string[]): void {
  const navigate = useNavigate()
  const current = useParams({ strict: false, select: ({ workspaceId }) => workspaceId })
  const move = (by: number) => {
    const ids = shown()
    const at = current === undefined ? -1 : ids.indexOf(current)
    const workspaceId = ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : at + by]
    if (workspaceId === undefined) return
    void navigate({ to: '/w/$workspaceId', params: { workspaceId } })
    document.querySelector(`[data-workspace="${CSS.escape(workspaceId)}"]`)?.scrollIntoView({ block: 'nearest' })
  }
  const group = 'Workspaces'
  useShortcut({ keys: 'j', alias: 'alt+arrowdown', label: 'Next workspace', group, hidden: true, run: () => move(1) })
  useShortcut({
    keys: 'k',
    alias: 'alt+arrowup',
    label: 'Previous workspace',
    group,
    hidden: true,
    run: () => move(-1),
  })
}

interface SidebarSectionProps extends Omit<Section, 'key'> {
  shown: () => readonly string[]
  filtered: boolean
}

const SidebarSection = memo(function SidebarSection({
  title,
  ids,
  projectId,
  demo,
  shown,
  filtered,
}: SidebarSectionProps) {
  const name = `skein.section.${projectId ?? title}`
  const [open, setOpen] = useState(() => (localStorage.getItem(name) ?? (title === 'Archived' ? '0' : '1')) === '1')
  const toggle = () => {
    localStorage.setItem(name, open ? '0' : '1')
    setOpen(!open)
  }
  const unfolded = open || filtered
  return (
    <div className="mb-3">
      <div className="group/head flex h-7 items-center gap-1 pr-1">
        <button
          type="button"
          aria-expanded={unfolded}
          onClick={toggle}
          className={cn(
            'flex min-w-0 flex-1 items-center gap-1 rounded-md px-1 py-0.5 text-left font-medium text-muted text-xs hover:text-foreground',
            title === 'Needs you' && 'text-status-needs-you',
          )}
        >
          <ChevronRight aria-hidden className={cn('size-3 shrink-0 transition-transform', unfolded && 'rotate-90')} />
          <span className="truncate">{title}</span>
          {demo && (
            <span className="rounded-sm bg-warning-surface px-1 font-normal text-warning" title="Its model is scripted">
              demo
            </span>
          )}
          <span className="nums font-normal text-muted">{ids.length}</span>
        </button>
        {projectId !== undefined && (
          <IconButton
            label={`New workspace in ${title}`}
            asChild
            className="size-6 opacity-0 focus-visible:opacity-100 group-hover/head:opacity-100"
          >
            <Link to="/new" search={{ project: projectId }}>
              <Plus />
            </Link>
          </IconButton>
        )}
      </div>
      {unfolded && ids.map((id) => <WorkspaceRow key={id} id={id} shown={shown} />)}
      {unfolded && ids.length === 0 && title !== 'Needs you' && (
        <p className="px-2 py-1 text-muted text-xs">No workspaces.</p>
      )}
    </div>
  )
})

const navLink =
  'flex h-8 items-center gap-2 rounded-md px-2 text-muted hover:bg-hover hover:text-foreground aria-[current=page]:bg-selected aria-[current=page]:text-foreground [&_svg]:size-4'

interface NavLinkProps {
  to: '/search' | '/machines' | '/settings'
  label: string
  keys: string
  icon: typeof Search
  onNavigate: (() => void) | undefined
}

function NavLink({ to, label, keys, icon: Icon, onNavigate }: NavLinkProps) {
  return (
    <Link to={to} className={navLink} onClick={onNavigate}>
      <Icon aria-hidden />
      {label}
      <Kbd keys={keys} className="ml-auto max-md:hidden" />
    </Link>
  )
}

function InboxLink({ onNavigate }: { onNavigate: (() => void) | undefined }) {
  const asks = useAsks().length
  return (
    <Link to="/inbox" className={navLink} onClick={onNavigate}>
      <Inbox aria-hidden />
      Inbox
      {asks > 0 ? (
        <span className="nums ml-auto rounded-full bg-status-needs-you px-1.5 font-semibold text-background text-xs leading-5">
          {asks}
          <span className="sr-only"> open</span>
        </span>
      ) : (
        <Kbd keys="g i" className="ml-auto max-md:hidden" />
      )}
    </Link>
  )
}

function RowSkeletons() {
  return (
    <div role="status" aria-label="Loading the workspaces" className="flex flex-col gap-2 px-2 pt-2">
      {['a', 'b', 'c', 'd', 'e'].map((key) => (
        <Skeleton key={key} className="h-10" />
      ))}
    </div>
  )
}

/** The mark: a thread, wound. */
export function SkeinMark({ className }: { className?: string }) {
  return (
    <svg
      aria-hidden
      viewBox="0 0 24 24"
      className={cn('size-5 text-accent', className)}
      fill="none"
      stroke="currentColor"
    >
      <g strokeWidth="1.9" strokeLinecap="round">
        <path d="M4 15.5C4 9 8 4.5 12 4.5S20 9 20 15.5" />
        <path d="M8 17.5c0-5 1.8-8.5 4-8.5s4 3.500 4 8.500" />
        <path d="M4 15.5c0 2.400 1 4 2.200 4 1.100 0 1.800-.9 1.800-2" />
        <path d="M20 15.5c0 2.400-1 4-2.200 4-1.100 0-1.800-.9-1.800-2" />
      </g>
    </svg>
  )
}
