import { useCommentCommands } from '../comments/commands.ts'
import { CommentBox } from '../comments/comment-box.tsx'
import { lineRangeName } from '../comments/line-range-name.ts'
import { Thread } from '../comments/thread.tsx'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { Badge } from '../ui/badge.tsx'
import type { OpenBox } from './notes.ts'
import { useReview } from './review.ts'

/** A comment under its lines. */
export function CommentNote({ commentId }: { commentId: string }) {
  const comment = useReview().commentOf(commentId)
  if (!comment) return null
  const { side } = comment.place
  return (
    <div className="line-note">
      <Thread
        comment={comment}
        where={lineRangeName(comment.place)}
        standing={side === 'old' ? <Badge tone="neutral">on the old lines</Badge> : undefined}
      />
    </div>
  )
}

/** A comment that is being written, under its lines. */
export function BoxNote({ boxId }: { boxId: string }) {
  const box = useReview().boxOf(boxId)
  return box ? <WritingBox box={box} /> : null
}

export function WritingBox({ box }: { box: OpenBox }) {
  const { sessionId, closeBox } = useReview()
  const commands = useCommentCommands(sessionId)
  const { id, path, side, startLine, endLine, quote, tree } = box
  return (
    <div className="line-note">
      <CommentBox
        label={`Comment on ${visibleCharacters(path)}, ${lineRangeName(box)}`}
        draftName={`diff.${id}`}
        placeholder={`Comment on ${lineRangeName(box)}`}
        submitLabel="Add to review"
        onSubmit={async (body) => {
          await commands.add({ kind: 'diff', path, side, startLine, endLine, tree }, quote, body)
          closeBox(id)
        }}
        onCancel={() => closeBox(id)}
      />
    </div>
  )
}
