import type { Ask } from '@skein/protocol'
import { Link, useNavigate } from '@tanstack/react-router'
import { CircleCheck, Plus } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useLive, useWorkspaces } from '../api/live.ts'
import { AskCard, type AskCardHandle } from '../asks/ask-card.tsx'
import { useShortcut } from '../keys/use-shortcut.ts'
import { PageHeader } from '../shell/page-header.tsx'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { TimeSince } from '../ui/time-since.tsx'
import { inboxOf, nextStop, stopsOf } from './inbox-items.ts'
import { WorkspaceList } from './workspace-list.tsx'

/** Everything over all workspaces that needs a person: asks first, then what failed, then what is ready for review. */
export function InboxPage() {
  const ready = useLive((live) => live.ready)
  const asks = useLive((live) => live.asks)
  const workspaces = useWorkspaces()
  const kept = useKept()
  const inbox = useMemo(() => inboxOf(asks.values(), workspaces, kept), [asks, workspaces, kept])
  const stops = useMemo(() => stopsOf(inbox), [inbox])
  const open = inbox.asks.flatMap((group) => group.asks).filter((ask) => ask.state === 'open')
  const { handleOf, activate, activeAsk } = useTriage(
    stops,
    open.map(({ id }) => `ask ${id}`),
  )
  const navigate = useNavigate()
  const error = useLive((live) => live.error)
  const openAsk = (ask: { workspaceId: string; sessionId: string }) =>
    void navigate({
      to: '/w/$workspaceId/session/$sessionId',
      params: { workspaceId: ask.workspaceId, sessionId: ask.sessionId },
    })
  useShortcut({
    ...{ keys: 'o', label: 'Open the session of the ask', group: 'Inbox', when: activeAsk !== undefined },
    run: () => {
      const ask = activeAsk === undefined ? undefined : asks.get(activeAsk)
      if (ask) openAsk(ask)
    },
  })

  if (!ready && error !== undefined) return <ErrorState error={error} title="The inbox could not be read" />
  if (!ready) return <SkeletonLines lines={8} className="mx-auto w-full max-w-3xl p-8" />
  const reviews = inbox.failed.length + inbox.ready.length
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-3xl pb-16">
        <PageHeader title="Inbox" actions={stops.length > 0 && <Hints />}>
          {summary(open.length, reviews)}
        </PageHeader>
        {stops.length === 0 ? (
          <NothingNeedsYou working={inbox.working.length} />
        ) : (
          <div className="flex flex-col gap-8 px-4 sm:px-8">
            {inbox.asks.map(({ workspaceId, workspaceName, asks }) => (
              <section key={workspaceId} aria-label={workspaceName}>
                <h2 className="mb-2 flex min-w-0 items-baseline gap-2">
                  <Link
                    to="/w/$workspaceId"
                    params={{ workspaceId }}
                    className="min-w-0 truncate font-semibold hover:underline"
                  >
                    {workspaceName}
                  </Link>
                  <span className="shrink-0 text-muted text-sm">{projectOf(workspaces, workspaceId)}</span>
                  {waitsSince(asks) !== undefined && (
                    <span className="ml-auto shrink-0 text-muted text-sm">
                      waits <TimeSince at={waitsSince(asks) ?? 0} className="nums" />
                    </span>
                  )}
                </h2>
                <ul className="flex flex-col gap-3">
                  {asks.map((ask) => (
                    <li key={ask.id} onFocus={() => activate(`ask ${ask.id}`)}>
                      <AskCard ask={ask} compact handle={handleOf(`ask ${ask.id}`)} onEnter={() => openAsk(ask)} />
                    </li>
                  ))}
                </ul>
              </section>
            ))}
            <WorkspaceList
              title="Failed"
              status="failed"
              workspaces={inbox.failed}
              handleOf={handleOf}
              onActive={activate}
            />
            <WorkspaceList
              title="Ready for review"
              status="ready_for_review"
              workspaces={inbox.ready}
              handleOf={handleOf}
              onActive={activate}
            />
          </div>
        )}
        {stops.length === 0 && inbox.working.length > 0 && (
          <div className="px-4 sm:px-8">
            <WorkspaceList title="At work" status="working" workspaces={inbox.working} />
          </div>
        )}
      </div>
    </div>
  )
}

/** The keys that walk through the inbox, and where they are. */
function useTriage(stops: readonly string[], open: readonly string[]) {
  const handles = useRef(new Map<string, AskCardHandle>())
  const setters = useRef(new Map<string, (handle: AskCardHandle | null) => void>())
  const [active, setActive] = useState<string>()
  const go = (stop: string | undefined) => {
    if (stop === undefined) return
    setActive(stop)
    handles.current.get(stop)?.focus()
  }
  useShortcut({
    keys: 'j',
    label: 'Next',
    group: 'Inbox',
    when: stops.length > 0,
    run: () => go(nextStop(stops, active, 1)),
  })
  useShortcut({
    ...{ keys: 'k', label: 'Previous', group: 'Inbox', when: stops.length > 0 },
    run: () => go(nextStop(stops, active, -1)),
  })
  // An answer given here leads on to what waits next; one that came from elsewhere moves nobody.
  const waiting = useRef<readonly string[]>(open)
  useEffect(() => {
    const before = waiting.current
    waiting.current = open
    if (active === undefined || !before.includes(active) || open.includes(active)) return
    const inside =
      document.activeElement?.closest('[data-ask]')?.getAttribute('data-ask') === active.slice('ask '.length)
    const next = open.find((stop) => stops.indexOf(stop) > stops.indexOf(active)) ?? open[0]
    if ((inside || document.activeElement === document.body) && next !== undefined) {
      setActive(next)
      handles.current.get(next)?.focus()
    }
  }, [open, stops, active])
  /** The same function each time, so that a card that did not change is not drawn again. */
  const handleOf = (stop: string) => {
    const known = setters.current.get(stop)
    if (known) return known
    const set = (handle: AskCardHandle | null) => {
      if (handle) handles.current.set(stop, handle)
      else handles.current.delete(stop)
    }
    setters.current.set(stop, set)
    return set
  }
  return { handleOf, activate: setActive, activeAsk: active?.startsWith('ask ') ? active.slice(4) : undefined }
}

/** The asks that were open at any time since the page was opened. */
function useKept(): ReadonlySet<string> {
  const asks = useLive((live) => live.asks)
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set())
  const fresh = [...asks.values()].filter((ask) => ask.state === 'open' && !kept.has(ask.id))
  if (fresh.length > 0) setKept(new Set([...kept, ...fresh.map(({ id }) => id)]))
  return kept
}

function NothingNeedsYou({ working }: { working: number }) {
  return (
    <EmptyState
      icon={CircleCheck}
      title="Nothing needs you"
      action={
        <Button asChild variant={working === 0 ? 'primary' : 'secondary'}>
          <Link to="/new">
            <Plus aria-hidden />
            New workspace
          </Link>
        </Button>
      }
    >
      {working === 0
        ? 'No agent is at work either.'
        : `${working === 1 ? 'One agent works' : `${working} agents work`} on. Questions, plans and results come here.`}
    </EmptyState>
  )
}

function Hints() {
  return (
    <p className="flex items-center gap-3 text-muted text-sm max-md:hidden">
      <span className="flex items-center gap-1">
        <Kbd keys="j" /> <Kbd keys="k" /> move
      </span>
      <span className="flex items-center gap-1">
        <Kbd keys="y" /> <Kbd keys="n" /> answer
      </span>
      <span className="flex items-center gap-1">
        <Kbd keys="enter" /> open
      </span>
    </p>
  )
}

const waitsSince = (asks: readonly Ask[]) => asks.find((ask) => ask.state === 'open')?.createdAt
const projectOf = (workspaces: readonly { id: string; projectName: string }[], id: string) =>
  workspaces.find((workspace) => workspace.id === id)?.projectName

function summary(asks: number, reviews: number): string | undefined {
  const parts = [
    asks > 0 && `${asks} ${asks === 1 ? 'ask waits' : 'asks wait'} for an answer`,
    reviews > 0 && `${reviews} ${reviews === 1 ? 'result' : 'results'} to look at`,
  ].filter((part) => part !== false)
  return parts.length === 0 ? undefined : parts.join(', ')
}
