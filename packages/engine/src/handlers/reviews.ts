import type { CallHandlers, Parts } from '../api.ts'
import {
  addComment,
  deleteComment,
  editComment,
  listComments,
  markComment,
  replyToComment,
} from '../reviews/comments.ts'
import { listPlans } from '../reviews/plans.ts'
import { sendReview } from '../reviews/send.ts'
import { liveSession } from '../sessions/find.ts'

type Methods = Extract<keyof CallHandlers, `plans.${string}` | `comments.${string}` | `reviews.${string}`>

export function reviewHandlers({ context, actors, commands }: Parts): Pick<CallHandlers, Methods> {
  return {
    'plans.list': ({ sessionId }) => listPlans(context, sessionId),
    'comments.list': (params) => listComments(context, params),
    // Named by their keys, so the same by nature; with `once`, what was written would be stored a second time.
    'comments.add': (params) => addComment(context, params),
    'comments.reply': (params) => replyToComment(context, params),
    'comments.edit': ({ commentId, body }) => editComment(context, commentId, body),
    'comments.mark': ({ commentId, state }) => markComment(context, commentId, state),
    'comments.delete': async ({ commentId }) => {
      await deleteComment(context, commentId)
      return {}
    },
    'reviews.send': (params) =>
      commands.once('reviews.send', params, async () => {
        await liveSession(context, params.sessionId)
        return sendReview(context, actors, params)
      }),
  }
}
