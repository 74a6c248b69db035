import { useQueryClient } from '@tanstack/react-query'
import { useApi } from '../api/context.tsx'
import { queryKey } from '../api/query.ts'
import { useCommentCommands } from '../comments/commands.ts'
import { lineRangeName } from '../comments/line-range-name.ts'
import type { DiffComment } from '../comments/place.ts'
import { isDiffComment } from '../comments/place.ts'
import { reportFailure } from '../comments/report-failure.ts'
import { Tray } from '../comments/tray.tsx'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { toast } from '../ui/toast.tsx'

interface ReviewTrayProps {
  workspaceId: string
  sessionId: string | undefined
  comments: readonly DiffComment[]
  onShow(comment: DiffComment): void
}

/** The comments on the diff that were not sent yet; together they become one prompt. */
export function ReviewTray({ workspaceId, sessionId, comments, onShow }: ReviewTrayProps) {
  const api = useApi()
  const client = useQueryClient()
  const commands = useCommentCommands(sessionId)
  const drafts = comments.filter((comment) => comment.state === 'draft')
  if (drafts.length === 0) return null

  const send = async (message: string | undefined) => {
    try {
      for (const [session, batch] of Map.groupBy(drafts, (draft) => draft.sessionId)) {
        await api.call('reviews.send', {
          ...{ key: crypto.randomUUID(), sessionId: session, commentIds: batch.map((draft) => draft.id) },
          ...(message === undefined ? {} : { message }),
        })
      }
      toast.success('Review sent', { description: 'The agent gets it as its next prompt.' })
    } catch (error) {
      reportFailure('Review not sent', error)
      throw error
    } finally {
      void client.invalidateQueries({ queryKey: queryKey('comments.list') })
    }
  }

  return (
    <Tray
      drafts={drafts}
      name={`review.${workspaceId}`}
      where={({ place }) =>
        place.kind === 'diff' ? `${visibleCharacters(place.path)}, ${lineRangeName(place)}` : lineRangeName(place)
      }
      onShow={(comment) => isDiffComment(comment) && onShow(comment)}
      onDelete={(comment) => void commands.remove(comment.id).catch(() => undefined)}
      onSend={send}
      sendLabel={(count) => (count === 1 ? 'Send 1 comment' : `Send ${count} comments`)}
      placeholder="A message for all of them (optional)"
    />
  )
}
