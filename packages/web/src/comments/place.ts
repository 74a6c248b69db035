import type { Comment, CommentPlace } from '@skein/protocol'
import { findQuote, type LineRange, type QuoteMatch } from './find-quote.ts'

export type PlanPlace = Extract<CommentPlace, { kind: 'plan' }>
export type DiffPlace = Extract<CommentPlace, { kind: 'diff' }>
export type PlanComment = Comment & { place: PlanPlace }
export type DiffComment = Comment & { place: DiffPlace }

export function isPlanComment(comment: Comment): comment is PlanComment {
  return comment.place.kind === 'plan'
}

export function isDiffComment(comment: Comment): comment is DiffComment {
  return comment.place.kind === 'diff'
}

/** Where a comment on a diff is shown: under its lines, or at the head of its file with its quote. */
export type Standing = { state: 'here'; line: number; range: LineRange } | { state: 'outdated' }

/** Finds a comment's lines in one side of a file's diff. Lines that the diff does not show cannot be told from changed ones. */
export function standingOf(comment: DiffComment, lines: readonly (string | undefined)[]): Standing {
  const match = findQuote(comment.quote, comment.place, lines)
  if (match.state !== 'unchanged' && match.state !== 'moved') return { state: 'outdated' }
  return { state: 'here', line: match.endLine, range: { startLine: match.startLine, endLine: match.endLine } }
}

/** A comment on a plan, in one revision of it: made on it, or carried over from an earlier one. */
export interface CarriedComment {
  comment: PlanComment
  match: QuoteMatch
  /** The revision that it was made on, when that is not this one. */
  from: number | undefined
}

/** The comments on this and all earlier revisions, each with what became of its lines. */
export function carriedTo(
  revision: { askId: string; revision: number; markdown: string },
  revisions: readonly { askId: string; revision: number }[],
  comments: readonly PlanComment[],
): CarriedComment[] {
  const lines = revision.markdown.split('\n')
  const numbers = new Map(revisions.map((each) => [each.askId, each.revision]))
  return comments.flatMap((comment): CarriedComment[] => {
    const { askId, startLine, endLine } = comment.place
    if (askId === revision.askId)
      return [{ comment, match: { state: 'unchanged', startLine, endLine }, from: undefined }]
    const from = numbers.get(askId)
    if (from === undefined || from > revision.revision) return []
    return [{ comment, match: findQuote(comment.quote, comment.place, lines), from }]
  })
}
