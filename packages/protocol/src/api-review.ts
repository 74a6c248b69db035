import * as z from 'zod'
import { command, none, query } from './api-define.ts'

/** Plans, and comments on plans and diffs: what a person says of an agent's work before and after it is done. */

const Line = z.number().int().positive()

/** One revision of a plan: what an agent asked to have approved, and what became of it. */
export const PlanRevision = z.object({
  askId: z.string(),
  sessionId: z.string(),
  planId: z.string(),
  /** From 1, within the session. */
  revision: z.number().int().positive(),
  markdown: z.string(),
  state: z.enum(['open', 'approved', 'changes_requested', 'rejected', 'cancelled']),
  createdAt: z.number(),
  answeredAt: z.number().optional(),
  answeredBy: z.string().optional(),
  /** What was sent back with a request for changes. */
  feedback: z.string().optional(),
  /** What was approved, where the person edited it. */
  approvedMarkdown: z.string().optional(),
})
export type PlanRevision = z.infer<typeof PlanRevision>

/** Where a comment stands. Lines count from 1, `endLine` included. */
export const CommentPlace = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('plan'), askId: z.string(), startLine: Line, endLine: Line }),
  z.object({
    kind: z.literal('diff'),
    path: z.string(),
    side: z.enum(['old', 'new']),
    startLine: Line,
    endLine: Line,
    /** The tree that was looked at (see `workspaces.changes`). */
    tree: z.string(),
  }),
])
export type CommentPlace = z.infer<typeof CommentPlace>

export const CommentReply = z.object({ id: z.string(), body: z.string(), by: z.string(), at: z.number() })
export type CommentReply = z.infer<typeof CommentReply>

/** `draft`: not sent yet. `open` and `met`: sent to the agent; a person says which. */
export const CommentState = z.enum(['draft', 'open', 'met'])
export type CommentState = z.infer<typeof CommentState>

export const Comment = z.object({
  id: z.string(),
  workspaceId: z.string(),
  sessionId: z.string(),
  place: CommentPlace,
  /** The lines as they were when the comment was made, whole. */
  quote: z.string(),
  body: z.string(),
  by: z.string(),
  state: CommentState,
  createdAt: z.number(),
  sentAt: z.number().optional(),
  replies: z.array(CommentReply),
})
export type Comment = z.infer<typeof Comment>

const comment = { commentId: z.string() }

export const reviewMethods = {
  'plans.list': query(
    'Every revision of a session’s plans, the oldest first.',
    z.object({ sessionId: z.string() }),
    z.array(PlanRevision),
  ),
  'comments.list': query(
    'Comments on a workspace’s plans and changes, the oldest first.',
    z.object({ workspaceId: z.string(), sessionId: z.string().optional() }),
    z.array(Comment),
  ),
  'comments.add': command(
    'A comment, kept as a draft until it is sent with `reviews.send`.',
    {
      sessionId: z.string(),
      place: CommentPlace,
      quote: z.string().max(100_000),
      body: z.string().trim().min(1).max(100_000),
      by: z.string().optional(),
    },
    Comment,
  ),
  'comments.edit': command(
    'Another text for a draft.',
    { ...comment, body: z.string().trim().min(1).max(100_000) },
    Comment,
  ),
  'comments.reply': command(
    'A reply under a comment.',
    { ...comment, body: z.string().trim().min(1).max(100_000), by: z.string().optional() },
    Comment,
  ),
  'comments.mark': command(
    'Says whether a sent comment was met.',
    { ...comment, state: z.enum(['open', 'met']) },
    Comment,
  ),
  'comments.delete': command('Takes a comment away.', comment, none),
  'reviews.send': command(
    'Sends comments to the agent as one batch, each with the lines that it is about: as the answer to a plan’s ask where `askId` is given (the agent stays in plan mode), else as one prompt.',
    {
      sessionId: z.string(),
      commentIds: z.array(z.string()),
      message: z.string().optional(),
      askId: z.string().optional(),
      by: z.string().optional(),
    },
    z.object({
      /** The prompt that was queued. */
      messageId: z.string().optional(),
      /** For a plan: whether this answer counted; when another one did, the comments stay drafts. */
      counted: z.boolean().optional(),
    }),
  ),
} as const
