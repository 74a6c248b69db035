import type { Comment, CommentPlace } from '@skein/protocol'

type Said = Pick<Comment, 'place' | 'quote' | 'body' | 'replies'>

/**
 * A review as the agent reads it: each comment with its place and the lines that it is about, then the general message. Lines are
 * in a fence longer than any in them, so that nothing that is quoted can end the quote.
 */
export function reviewText(comments: readonly Said[], message: string | undefined): string {
  const parts = inOrder(comments).map(commentText)
  if (message !== undefined && message.trim() !== '') parts.push(message.trim())
  return parts.join('\n\n')
}

function commentText({ place, quote, body, replies }: Said): string {
  const parts = [`${placeText(place)}:`]
  if (quote !== '') parts.push(fenced(quote))
  parts.push(body.trim(), ...replies.map((reply) => `Further: ${reply.body.trim()}`))
  return parts.join('\n\n')
}

/** `Plan, lines 3–5`, or `src/a.ts, line 10 (old)`. */
export function placeText(place: CommentPlace): string {
  const { startLine, endLine } = place
  const lines = startLine === endLine ? `line ${startLine}` : `lines ${startLine}–${endLine}`
  return place.kind === 'plan' ? `Plan, ${lines}` : `${oneLine(place.path)}, ${lines} (${place.side})`
}

/** A file's name may hold anything. */
function oneLine(path: string): string {
  return /[\r\n]/.test(path) ? JSON.stringify(path) : path
}

/** Text between fences that none of its own lines can be taken for. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text.replace(/\n$/, '')}\n${fence}`
}

/** Of the plan first, then file by file and down the lines; what is at one place in the order of writing. */
function inOrder(comments: readonly Said[]): Said[] {
  const key = ({ place }: Said) => (place.kind === 'plan' ? '' : place.path)
  return [...comments].sort(
    (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) || a.place.startLine - b.place.startLine,
  )
}
