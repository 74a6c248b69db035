import type { PlanRevision } from '@skein/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useApi } from '../api/context.tsx'
import { queryKey } from '../api/query.ts'
import { useCommentCommands } from '../comments/commands.ts'
import { lineRangeName } from '../comments/line-range-name.ts'
import type { PlanComment } from '../comments/place.ts'
import { reportFailure } from '../comments/report-failure.ts'
import { Tray } from '../comments/tray.tsx'
import { toast } from '../ui/toast.tsx'

interface LateDraftsProps {
  revision: PlanRevision
  drafts: readonly PlanComment[]
  onShow(comment: PlanComment): void
}

const WHAT = {
  open: 'is to answer',
  approved: 'approved',
  changes_requested: 'requested changes to',
  rejected: 'rejected',
  cancelled: 'cancelled',
} as const

/** Drafts on a plan that has been answered meanwhile: kept, and sent as a prompt if they still matter. */
export function LateDrafts({ revision, drafts, onShow }: LateDraftsProps) {
  const api = useApi()
  const client = useQueryClient()
  const { sessionId } = revision
  const commands = useCommentCommands(sessionId)
  const send = async (message: string | undefined) => {
    try {
      await api.call('reviews.send', {
        ...{ key: crypto.randomUUID(), sessionId, commentIds: drafts.map((draft) => draft.id) },
        ...(message === undefined ? {} : { message }),
      })
      toast.success('Comments sent', { description: 'The agent gets them as its next prompt.' })
    } catch (error) {
      reportFailure('Not sent', error)
      throw error
    } finally {
      void client.invalidateQueries({ queryKey: queryKey('comments.list') })
    }
  }
  return (
    <>
      <p role="status" className="border-border border-t bg-warning-surface px-3 py-2 text-sm">
        {revision.answeredBy ?? 'Someone'} {WHAT[revision.state]} this plan.{' '}
        {drafts.length === 1 ? 'Your draft is kept.' : `Your ${drafts.length} drafts are kept.`}
      </p>
      <Tray
        drafts={drafts}
        name={`plan-late.${revision.askId}`}
        where={({ place }) => `Plan, ${lineRangeName(place)}`}
        onShow={(comment) => {
          const draft = drafts.find((each) => each.id === comment.id)
          if (draft) onShow(draft)
        }}
        onDelete={(comment) => void commands.remove(comment.id).catch(() => undefined)}
        onSend={send}
        sendLabel={() => 'Send as a prompt'}
        placeholder="A message for all of them (optional)"
      />
    </>
  )
}
