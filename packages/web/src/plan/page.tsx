import type { PlanRevision, Workspace } from '@skein/protocol'
import { ClipboardList, Pencil } from 'lucide-react'
import { type ReactNode, useRef, useState } from 'react'
import { useAsks, useWorkspace } from '../api/live.ts'
import { ago } from '../comments/ago.ts'
import '../comments/comments.css'
import { useComments } from '../comments/commands.ts'
import { useDraft } from '../comments/drafts.ts'
import { isPlanComment, type PlanComment } from '../comments/place.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { LateDrafts } from './late-drafts.tsx'
import './plan.css'
import { PlanAnswer, type PlanAnswerHandle } from './plan-answer.tsx'
import { Revision, RevisionState, type RevisionView } from './revision.tsx'
import { usePlans } from './use-plans.ts'

interface PlanPageProps {
  workspaceId: string
  sessionId?: string
}

/** The plans of a session: read, commented on, edited and answered, revision by revision. */
export function PlanPage({ workspaceId, sessionId }: PlanPageProps) {
  const workspace = useWorkspace(workspaceId)
  const asks = useAsks(workspaceId)
  if (!workspace) return <SkeletonLines className="m-6" />
  const waiting = asks.find((ask) => ask.kind === 'plan')
  const session = sessionId ?? waiting?.sessionId ?? workspace.sessions.at(-1)?.id
  return <Plans key={session} workspace={workspace} sessionId={session} />
}

function Plans({ workspace, sessionId }: { workspace: Workspace; sessionId: string | undefined }) {
  const { revisions, error, refetch, hashOf } = usePlans(sessionId)
  const comments = useComments(workspace.id)
  const mine = comments.filter(isPlanComment).filter((comment) => comment.sessionId === sessionId)
  if (error && revisions === undefined) {
    return <ErrorState error={error} title="The plans could not be read" retry={refetch} />
  }
  if (revisions === undefined) return <SkeletonLines className="m-6" lines={8} />
  const [newest, ...earlier] = revisions
  if (!newest) {
    return (
      <EmptyState icon={ClipboardList} title="No plan yet">
        Ask for one in plan mode. It will stand here, to be commented on, edited and approved before anything is
        changed.
      </EmptyState>
    )
  }
  const agent = workspace.sessions.find((session) => session.id === sessionId)?.agent
  return (
    <div className="flex h-full min-h-0 flex-col">
      <NewestPlan
        key={newest.askId}
        {...{ revision: newest, revisions, comments: mine, agent }}
        inputHash={hashOf(newest.askId)}
        onAnswered={refetch}
        earlier={earlier.map((revision) => (
          <EarlierRevision key={revision.askId} {...{ revision, revisions, comments: mine }} />
        ))}
      />
    </div>
  )
}

interface NewestPlanProps {
  revision: PlanRevision
  revisions: readonly PlanRevision[]
  comments: readonly PlanComment[]
  agent: string | undefined
  inputHash: string | undefined
  onAnswered(): void
  earlier: ReactNode[]
}

function NewestPlan({ revision, revisions, comments, agent, inputHash, onAnswered, earlier }: NewestPlanProps) {
  const [view, setView] = useState<RevisionView>('document')
  const [text, setText, forget] = useDraft(`plan-edit.${revision.askId}`, revision.markdown)
  const comment = useRef<() => void>(undefined)
  const answer = useRef<PlanAnswerHandle>(null)
  const scroll = useRef<HTMLDivElement>(null)
  const open = revision.state === 'open'
  const edited = text.trim() !== '' && text !== revision.markdown ? text : undefined
  const drafts = comments.filter((each) => each.state === 'draft')
  const group = 'Plan'

  useShortcut({ keys: 'c', label: 'Comment on the selected lines', group, run: () => comment.current?.() })
  useShortcut({
    ...{ keys: 'e', label: 'Edit the plan', group, when: open },
    run: () => setView(view === 'edit' ? 'document' : 'edit'),
  })
  useShortcut({ keys: 'r', label: 'Request changes', group, when: open, run: () => answer.current?.requestChanges() })
  useShortcut({ keys: 'a', label: 'Approve the plan', group, when: open, run: () => answer.current?.approve() })

  const showComment = ({ id }: PlanComment) => {
    setView('document')
    requestAnimationFrame(() => {
      scroll.current?.querySelector(`[data-comment="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'center' })
    })
  }

  return (
    <>
      <div ref={scroll} className="min-h-0 flex-1 overflow-y-auto">
        <header className="sticky top-0 z-10 flex flex-wrap items-center gap-x-3 gap-y-1.5 border-border border-b bg-background px-3 py-2">
          <h2 className="font-semibold text-base">Plan</h2>
          {revisions.length > 1 && <span className="text-muted text-sm">revision {revision.revision}</span>}
          <RevisionState revision={revision} />
          <ViewSwitch
            view={view}
            onView={setView}
            before={
              revisions.some((each) => each.revision === revision.revision - 1) ? revision.revision - 1 : undefined
            }
            editable={open}
            edited={edited !== undefined}
          />
        </header>
        {!open && <Outcome revision={revision} />}
        <Revision
          {...{ revision, revisions, comments, view }}
          edited={{
            text,
            set: setText,
            forget: () => {
              forget()
              setText(revision.markdown)
            },
          }}
          commentRef={comment}
        />
        {earlier.length > 0 && (
          <section aria-label="Earlier revisions" className="border-border border-t">
            {earlier}
          </section>
        )}
      </div>
      {open ? (
        <PlanAnswer ref={answer} {...{ revision, agent, inputHash, drafts, edited, onAnswered }} onShow={showComment} />
      ) : (
        drafts.length > 0 && <LateDrafts revision={revision} drafts={drafts} onShow={showComment} />
      )}
    </>
  )
}

interface ViewSwitchProps {
  view: RevisionView
  onView(view: RevisionView): void
  /** The revision to compare with. */
  before: number | undefined
  editable: boolean
  edited: boolean
}

function ViewSwitch({ view, onView, before, editable, edited }: ViewSwitchProps) {
  if (before === undefined && !editable) return null
  return (
    <fieldset aria-label="View" className="ml-auto flex gap-1">
      <Button size="sm" variant="ghost" aria-pressed={view === 'document'} onClick={() => onView('document')}>
        Document
      </Button>
      {before !== undefined && (
        <Button size="sm" variant="ghost" aria-pressed={view === 'compare'} onClick={() => onView('compare')}>
          <span className="max-sm:hidden">Changes since revision {before}</span>
          <span className="sm:hidden">Changes</span>
        </Button>
      )}
      {editable && (
        <Button size="sm" variant="ghost" aria-pressed={view === 'edit'} onClick={() => onView('edit')}>
          <Pencil aria-hidden /> {edited ? 'Edited' : 'Edit'}
        </Button>
      )}
    </fieldset>
  )
}

/** What was answered, where the answer said more than its state. */
function Outcome({ revision }: { revision: PlanRevision }) {
  if (revision.feedback === undefined) return null
  return (
    <div className="border-border border-b bg-surface px-4 py-2 text-sm">
      <p className="text-muted text-xs">
        {revision.answeredBy ?? 'Someone'} wrote {revision.answeredAt !== undefined && ago(revision.answeredAt)}
      </p>
      <p className="mt-1 max-h-48 overflow-auto whitespace-pre-wrap break-words">{revision.feedback}</p>
    </div>
  )
}

interface EarlierRevisionProps {
  revision: PlanRevision
  revisions: readonly PlanRevision[]
  comments: readonly PlanComment[]
}

/** An earlier revision, closed until it is asked for. */
function EarlierRevision({ revision, revisions, comments }: EarlierRevisionProps) {
  const [open, setOpen] = useState(false)
  const [view, setView] = useState<RevisionView>('document')
  const before = revisions.some((each) => each.revision === revision.revision - 1) ? revision.revision - 1 : undefined
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="border-border border-b">
      <summary className="flex cursor-pointer items-center gap-3 px-3 py-2.5 hover:bg-hover">
        <span className="font-medium text-sm">Revision {revision.revision}</span>
        <RevisionState revision={revision} />
      </summary>
      {open && (
        <div className="border-border border-t">
          <div className="flex px-3 pt-2">
            <ViewSwitch view={view} onView={setView} before={before} editable={false} edited={false} />
          </div>
          <Outcome revision={revision} />
          <Revision {...{ revision, revisions, comments, view }} edited={undefined} readOnly />
        </div>
      )}
    </details>
  )
}
