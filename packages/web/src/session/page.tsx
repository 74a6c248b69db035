import { useLocation, useNavigate } from '@tanstack/react-router'
import { MessagesSquare } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useSession, useWorkspace } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { Composer } from '../composer/composer.tsx'
import { useShortcut } from '../keys/use-shortcut.ts'
import { ReachBanner } from '../machines/reach-banner.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { CreationSteps } from '../workspace/creation-steps.tsx'
import { rememberSession } from '../workspace/remembered-session.ts'
import { Announcements } from './announcements.tsx'
import { FindBar } from './find-bar.tsx'
import { rowOfSeq, rowsOf } from './rows.ts'
import { SessionContext, type SessionContextValue } from './session-context.ts'
import { SessionTabs } from './session-tabs.tsx'
import { TranscriptList, type TranscriptListHandle } from './transcript-list.tsx'
import { useSeen, useSeenMark } from './use-seen.ts'
import { useSessionAsks } from './use-session-asks.ts'
import { useTranscript } from './use-transcript.ts'

/** A session: what was said and done, as it happens, and the prompt below it. */
export function SessionPage({ workspaceId, sessionId }: { workspaceId: string; sessionId: string }) {
  const navigate = useNavigate()
  const workspace = useWorkspace(workspaceId)
  const session = useSession(sessionId)
  const { store, state } = useTranscript(sessionId)
  const { view, loaded, loadingOlder, live, error } = state
  const [showRaw, setShowRaw] = useState(false)
  const [finding, setFinding] = useState(false)
  const [atEnd, setAtEnd] = useState(true)
  const list = useRef<TranscriptListHandle>(null)
  const seenSeq = useSeenMark(session?.seenSeq, view.lastSeq, loaded)
  const complete = view.firstSeq <= 1
  const rows = useMemo(() => {
    const all = rowsOf(view.items, seenSeq, showRaw)
    return complete ? all : all.slice(1)
  }, [view.items, seenSeq, showRaw, complete])
  const older = useCallback(() => void store.loadOlder(), [store])
  const target = useTarget(store, rows, loaded, list)
  useSeen(sessionId, view.lastSeq, atEnd && loaded)
  useEffect(() => rememberSession(workspaceId, sessionId), [workspaceId, sessionId])

  const create = useCommand('sessions.create')
  const newSession = async () => {
    const made = await create.run({ workspaceId })
    if (made) void navigate({ to: '/w/$workspaceId/session/$sessionId', params: { workspaceId, sessionId: made.id } })
  }
  const { run: fork } = useCommand('sessions.fork')
  const askOf = useSessionAsks(sessionId)
  const currentTasks = view.facts.working ? view.items.findLast(({ type }) => type === 'tasks')?.key : undefined
  const context = useMemo(
    (): SessionContextValue => ({
      ...{ workspaceId, sessionId, askOf, currentTasks },
      fork: async (turnId) => {
        const forked = await fork({ sessionId, turnId })
        if (forked) void navigate({ to: '/w/$workspaceId', params: { workspaceId: forked.id } })
      },
    }),
    [workspaceId, sessionId, askOf, currentTasks, fork, navigate],
  )

  const group = 'Session'
  useShortcut({ keys: 'mod+f', label: 'Find in this session', group, run: () => setFinding(true) })
  useShortcut({ keys: 'end', alias: 'shift+g', label: 'Go to the end', group, run: () => list.current?.toEnd() })
  useShortcut({ keys: 'home', alias: 'g g', label: 'Go to the beginning', group, run: () => void goTo(1) })
  useShortcut({ keys: 'g n', label: 'New session', group, run: () => void newSession() })
  useShortcut({
    ...{ label: showRaw ? 'Hide unknown lines of the agent' : 'Show unknown lines of the agent', group },
    run: () => setShowRaw(!showRaw),
  })
  useShortcut({
    ...{ label: 'Put the agent to sleep', group, when: session?.state === 'idle' },
    run: () => void hibernate.run({ sessionId }),
  })
  const hibernate = useCommand('sessions.hibernate')
  const goTo = (seq: number) =>
    navigate({
      to: '/w/$workspaceId/session/$sessionId',
      params: { workspaceId, sessionId },
      hash: `e${seq}`,
      replace: true,
    })

  const making = workspace !== undefined && workspace.state !== 'ready' && view.items.length === 0
  return (
    <SessionContext value={context}>
      {workspace && workspace.sessions.length > 1 && (
        <SessionTabs workspaceId={workspaceId} sessions={workspace.sessions} onNew={() => void newSession()} />
      )}
      {workspace && <ReachBanner machineId={workspace.machine} />}
      {finding && (
        <FindBar
          sessionId={sessionId}
          rows={rows}
          firstSeq={view.firstSeq}
          list={list.current}
          onClose={() => setFinding(false)}
          onGo={(seq) => void goTo(seq)}
        />
      )}
      {making ? (
        <div className="min-h-0 flex-1 overflow-y-auto">
          <CreationSteps workspace={workspace} />
        </div>
      ) : error !== undefined && view.items.length === 0 ? (
        <ErrorState
          error={error}
          title="The session could not be read"
          retry={() => store.retry()}
          className="flex-1"
        />
      ) : !loaded ? (
        <div className="mx-auto w-full max-w-3xl flex-1 p-6">
          <SkeletonLines lines={7} />
        </div>
      ) : view.items.length === 0 ? (
        <EmptyState icon={MessagesSquare} title="Nothing was said yet" className="my-auto flex-1 justify-center">
          Write what the agent should do. It works in a checkout of its own, on the branch {workspace?.branch}.
        </EmptyState>
      ) : (
        <TranscriptList
          rows={rows}
          firstSeq={view.firstSeq}
          facts={view.facts}
          loadingOlder={loadingOlder}
          target={target}
          handle={list}
          onOlder={older}
          onEnd={setAtEnd}
        />
      )}
      {error !== undefined && view.items.length > 0 && (
        <p role="alert" className="border-t bg-danger-surface px-4 py-1.5 text-center text-danger text-sm">
          The session is no longer followed.{' '}
          <button type="button" className="underline underline-offset-4" onClick={() => store.retry()}>
            Follow it again
          </button>
        </p>
      )}
      <div className="relative mx-auto w-full max-w-3xl shrink-0 pb-[env(safe-area-inset-bottom)] before:pointer-events-none before:absolute before:inset-x-0 before:-top-4 before:h-4 before:bg-linear-to-t before:from-background before:to-transparent sm:px-3">
        <Composer
          workspaceId={workspaceId}
          sessionId={sessionId}
          commands={view.facts.commands ?? NONE}
          models={view.facts.models ?? NONE}
        />
      </div>
      <Announcements view={view} live={live} />
    </SessionContext>
  )
}

/** The same array always: what it is given to is not made again for it. */
const NONE: readonly never[] = []

/** The row that the address names (`#e412`): it is read if it must be, and brought into view once. */
function useTarget(
  store: ReturnType<typeof useTranscript>['store'],
  rows: ReturnType<typeof rowsOf>,
  loaded: boolean,
  list: React.RefObject<TranscriptListHandle | null>,
): string | undefined {
  const { hash } = useLocation()
  const seq = Number(/^e(\d+)$/.exec(hash)?.[1] ?? 0)
  const shown = useRef(0)
  const [ready, setReady] = useState(0)
  useEffect(() => {
    if (seq === 0 || !loaded) return
    shown.current = 0
    let gone = false
    void store.loadOlder(seq).then(() => !gone && setReady(seq))
    return () => {
      gone = true
    }
  }, [store, seq, loaded])
  const index = seq > 0 && ready === seq ? rowOfSeq(rows, seq) : -1
  useEffect(() => {
    if (index < 0 || shown.current === seq) return
    shown.current = seq
    // Once for the rows' guessed heights, and again when those in view have been measured.
    list.current?.show(index)
    const timer = setTimeout(() => list.current?.show(index), 120)
    return () => clearTimeout(timer)
  }, [index, seq, list])
  return rows[index]?.key
}
