import { lineRangeName } from '../comments/line-range-name.ts'
import { Thread } from '../comments/thread.tsx'
import { Badge } from '../ui/badge.tsx'
import { imageType } from './file-list.ts'
import { ImageCompare } from './image-compare.tsx'
import { aboutFile } from './items.ts'
import { WritingBox } from './line-notes.tsx'
import { useReview } from './review.ts'

/** What is to be said of a file as a whole, above its lines. */
export function FileNote({ path }: { path: string }) {
  const review = useReview()
  const change = review.changeOf(path)
  if (!change) return null
  const about = aboutFile(change, review.patchOf(path))
  const type = change.binary ? imageType(path) : undefined
  return (
    <div className="line-note">
      {about !== undefined && <p className="py-1 text-sm text-muted">{about}</p>}
      {type !== undefined && <ImageCompare change={change} type={type} />}
      {review.outdatedOf(path).map((comment) => (
        <Thread
          key={comment.id}
          comment={comment}
          quote
          where={lineRangeName(comment.place)}
          standing={<Badge tone="neutral">Outdated · was {lineRangeName(comment.place)}</Badge>}
        />
      ))}
      {review.homelessBoxesOf(path).map((box) => (
        <WritingBox key={box.id} box={box} />
      ))}
    </div>
  )
}
