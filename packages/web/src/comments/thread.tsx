import type { Comment } from '@skein/protocol'
import { type ReactNode, useState } from 'react'
import { Markdown } from '../markdown/markdown.tsx'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { ago } from './ago.ts'
import { useCommentCommands } from './commands.ts'
import { CommentBox } from './comment-box.tsx'
import { visibleCharacters } from './visible-characters.ts'

interface ThreadProps {
  comment: Comment
  /** Where it stands, for those who do not see it: "lines 3–5". */
  where: string
  /** What became of its lines, when they are not as they were. */
  standing?: ReactNode
  /** Show the lines that it is about. */
  quote?: boolean
}

/** A comment, its replies, and what can be done with it. */
export function Thread({ comment, where, standing, quote = false }: ThreadProps) {
  const commands = useCommentCommands(comment.sessionId)
  const [writing, setWriting] = useState<'edit' | 'reply'>()
  const stop = () => setWriting(undefined)
  const { id, state } = comment

  return (
    <article
      className={cn('thread', state === 'met' && 'thread-met')}
      aria-label={`Comment on ${where}`}
      data-comment={id}
    >
      <header className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
        <span className="font-medium text-foreground">{comment.by}</span>
        <time dateTime={new Date(comment.createdAt).toISOString()}>{ago(comment.createdAt)}</time>
        <StateBadge state={state} />
        {standing}
      </header>
      {quote && <Quote text={comment.quote} />}
      {writing === 'edit' ? (
        <CommentBox
          label={`Edit the comment on ${where}`}
          draftName={`edit.${id}`}
          initial={comment.body}
          submitLabel="Save"
          onSubmit={(body) => commands.edit(id, body).then(stop)}
          onCancel={stop}
        />
      ) : (
        <CommentText text={comment.body} />
      )}
      {comment.replies.map((reply) => (
        <div key={reply.id} className="mt-2 border-l-2 border-border pl-3">
          <div className="text-xs text-muted">
            <span className="font-medium text-foreground">{reply.by}</span> <time>{ago(reply.at)}</time>
          </div>
          <CommentText text={reply.body} />
        </div>
      ))}
      {writing === 'reply' ? (
        <CommentBox
          label={`Reply to the comment on ${where}`}
          draftName={`reply.${id}`}
          placeholder="Reply"
          submitLabel="Reply"
          onSubmit={(body) => commands.reply(id, body).then(stop)}
          onCancel={stop}
        />
      ) : (
        <footer className="-ml-2 mt-1 flex flex-wrap gap-1">
          <Button variant="ghost" size="sm" onClick={() => setWriting('reply')}>
            Reply
          </Button>
          {state === 'draft' ? (
            <>
              <Button variant="ghost" size="sm" onClick={() => setWriting('edit')}>
                Edit
              </Button>
              <Button variant="ghost" size="sm" onClick={() => void commands.remove(id).catch(ignore)}>
                Delete
              </Button>
            </>
          ) : (
            <Button
              variant="ghost"
              size="sm"
              onClick={() => void commands.mark(id, state === 'met' ? 'open' : 'met').catch(ignore)}
            >
              {state === 'met' ? 'Mark as open' : 'Mark as met'}
            </Button>
          )}
        </footer>
      )}
    </article>
  )
}

/** The command has shown its error. */
function ignore(): void {}

/** The lines that a comment is about. */
export function Quote({ text }: { text: string }) {
  return (
    <pre className="mt-1.5 max-h-40 overflow-auto whitespace-pre-wrap break-words border-l-2 border-border pl-2.5 font-mono text-xs text-muted">
      {visibleCharacters(text)}
    </pre>
  )
}

function CommentText({ text }: { text: string }) {
  return <Markdown text={text} className="py-1 text-sm" />
}

const STATES = {
  draft: { tone: 'neutral', name: 'Draft' },
  open: { tone: 'warning', name: 'Open' },
  met: { tone: 'success', name: 'Met' },
} as const

export function StateBadge({ state }: { state: Comment['state'] }) {
  return <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>
}
