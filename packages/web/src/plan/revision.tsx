import type { PlanRevision } from '@skein/protocol'
import { lazy, type RefObject, Suspense, useEffect, useMemo, useState } from 'react'
import { ago } from '../comments/ago.ts'
import { useCommentCommands } from '../comments/commands.ts'
import { CommentBox } from '../comments/comment-box.tsx'
import { lineRangeName } from '../comments/line-range-name.ts'
import { type CarriedComment, carriedTo, type PlanComment } from '../comments/place.ts'
import { Thread } from '../comments/thread.tsx'
import { Badge, type BadgeTone } from '../ui/badge.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useMedia } from '../ui/use-media.ts'
import { type PlanSelection, rangeOf } from './line-selection.ts'
import { PlanDocument } from './plan-document.tsx'
import { PlanEditor } from './plan-editor.tsx'

const PlanDiff = lazy(() => import('./plan-diff.tsx').then((module) => ({ default: module.PlanDiff })))

export type RevisionView = 'document' | 'compare' | 'edit'

interface RevisionProps {
  revision: PlanRevision
  revisions: readonly PlanRevision[]
  comments: readonly PlanComment[]
  view: RevisionView
  /** The edited plan, while it waits for approval. */
  edited: { text: string; set(text: string): void; forget(): void } | undefined
  /** Begins a comment on the selected lines, for a shortcut. */
  commentRef?: RefObject<(() => void) | undefined>
  /** No new comments: the agent has moved on from this revision. */
  readOnly?: boolean
}

/** One revision of a plan with all that was said of it: read, compared with the one before, or edited. */
export function Revision({ revision, revisions, comments, view, edited, commentRef, readOnly = false }: RevisionProps) {
  const { askId, markdown } = revision
  const before = revisions.find((each) => each.revision === revision.revision - 1)
  const commands = useCommentCommands(revision.sessionId)
  const wide = useMedia('(min-width: 1100px)')
  const [selection, setSelection] = useState<PlanSelection>()
  const [boxes, setBoxes] = useState<readonly PlanSelection[]>([])
  const carried = useMemo(() => carriedTo(revision, revisions, comments), [revision, revisions, comments])
  const homeless = carried.filter(({ match }) => match.state === 'gone')
  const begin = (on: PlanSelection) => {
    setBoxes([...boxes.filter((box) => rangeKey(box) !== rangeKey(on)), on])
    setSelection(undefined)
  }
  useEffect(() => {
    if (!commentRef) return
    commentRef.current = selection ? () => begin(selection) : undefined
  })

  if (view === 'compare' && before) {
    return (
      <Suspense fallback={<Skeleton className="m-3 h-64" />}>
        <PlanDiff
          before={before.markdown}
          after={markdown}
          split={wide}
          label={`Changes since revision ${before.revision}`}
        />
      </Suspense>
    )
  }
  if (view === 'edit' && edited) {
    return <PlanEditor original={markdown} text={edited.text} onChange={edited.set} onDiscard={edited.forget} />
  }

  const save = async (box: PlanSelection, body: string) => {
    const { startLine, endLine } = rangeOf(box)
    const quote = markdown
      .replace(/\r\n?/g, '\n')
      .split('\n')
      .slice(startLine - 1, endLine)
      .join('\n')
    await commands.add({ kind: 'plan', askId, startLine, endLine }, quote, body)
    setBoxes((open) => open.filter((each) => each !== box))
  }
  const below = (line: number) => {
    const threads = carried.filter(({ match }) => match.state !== 'gone' && match.endLine === line)
    const writing = boxes.filter((box) => rangeOf(box).endLine === line)
    if (threads.length === 0 && writing.length === 0) return null
    return (
      <div className="plan-notes">
        {threads.map((each) => (
          <CarriedThread key={each.comment.id} carried={each} />
        ))}
        {writing.map((box) => (
          <CommentBox
            key={rangeKey(box)}
            label={`Comment on ${lineRangeName(rangeOf(box))} of the plan`}
            placeholder={`Comment on ${lineRangeName(rangeOf(box))}`}
            draftName={`plan.${askId}.${rangeKey(box)}`}
            submitLabel="Save"
            onSubmit={(body) => save(box, body)}
            onCancel={() => setBoxes(boxes.filter((each) => each !== box))}
          />
        ))}
      </div>
    )
  }

  return (
    <>
      <PlanDocument
        markdown={markdown}
        label={`Plan, revision ${revision.revision}`}
        selection={selection}
        onSelect={setSelection}
        onComment={readOnly ? undefined : begin}
        below={below}
      />
      {homeless.length > 0 && (
        <section aria-label="Comments whose lines are gone" className="border-border border-t px-4 py-3">
          <h3 className="mb-2 font-semibold text-sm">Their lines are gone</h3>
          <div className="flex max-w-[52rem] flex-col gap-2">
            {homeless.map((each) => (
              <CarriedThread key={each.comment.id} carried={each} />
            ))}
          </div>
        </section>
      )}
    </>
  )
}

const MATCHES = { unchanged: undefined, moved: 'lines moved', changed: 'lines changed', gone: 'lines gone' } as const

function CarriedThread({ carried: { comment, match, from } }: { carried: CarriedComment }) {
  const became = MATCHES[match.state]
  return (
    <Thread
      comment={comment}
      where={lineRangeName(comment.place)}
      quote={match.state === 'changed' || match.state === 'gone'}
      standing={
        from === undefined ? undefined : (
          <span>
            on revision {from}
            {became !== undefined && ` · ${became}`}
          </span>
        )
      }
    />
  )
}

const STATES: Record<PlanRevision['state'], { name: string; tone: BadgeTone }> = {
  open: { name: 'Waits for you', tone: 'warning' },
  approved: { name: 'Approved', tone: 'success' },
  changes_requested: { name: 'Changes requested', tone: 'info' },
  rejected: { name: 'Rejected', tone: 'danger' },
  cancelled: { name: 'Cancelled', tone: 'neutral' },
}

/** What became of a revision, and by whom. */
export function RevisionState({ revision }: { revision: PlanRevision }) {
  const { name, tone } = STATES[revision.state]
  const at = revision.answeredAt ?? revision.createdAt
  return (
    <span className="flex flex-wrap items-center gap-2 text-muted text-xs">
      <Badge tone={tone}>{name}</Badge>
      {revision.answeredBy !== undefined && <span>by {revision.answeredBy}</span>}
      <time dateTime={new Date(at).toISOString()}>{ago(at)}</time>
      {revision.approvedMarkdown !== undefined && revision.approvedMarkdown !== revision.markdown && (
        <span>with edits</span>
      )}
    </span>
  )
}

function rangeKey(selection: PlanSelection): string {
  const { startLine, endLine } = rangeOf(selection)
  return `${startLine}-${endLine}`
}
