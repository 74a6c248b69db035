import type { PermissionMode } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { FileText } from 'lucide-react'
import { useImperativeHandle, useMemo, useState } from 'react'
import { useApiQuery } from '../api/query.ts'
import { Markdown } from '../markdown/markdown.tsx'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { CommentField } from './comment-field.tsx'
import type { AskBodyProps } from './permission.tsx'

/** The engine's own choice of how to go on after a plan, named here so that the person knows. */
const GOES_ON_IN: PermissionMode = 'sandboxed'
const FIRST_LINES = 8

/** How a plan begins, the way to its review, and the two answers that need no review. */
export function PlanAsk({ keys, ask, compact, pending, onAnswer, onLeave }: AskBodyProps) {
  const [feedback, setFeedback] = useState('')
  const [writing, setWriting] = useState(false)
  const markdown = ask.plan?.markdown ?? ''
  const { text, more } = useMemo(() => beginningOf(markdown, compact ? 4 : FIRST_LINES), [markdown, compact])
  const mode = useModeName(GOES_ON_IN)
  const approve = () => onAnswer({ type: 'approve_plan', nextMode: GOES_ON_IN })
  const change = () => setWriting(true)
  useImperativeHandle(keys, () => ({
    digit: (number) => (number === 1 ? approve() : number === 2 ? change() : undefined),
    ...{ yes: approve, no: change, comment: change, enter: approve },
  }))
  return (
    <>
      {text === '' ? (
        <p className="text-muted">The plan is empty.</p>
      ) : (
        <div className="overflow-x-auto rounded-md border bg-sunken px-3 py-2 text-sm">
          <Markdown text={text} />
          {more > 0 && (
            <p className="mt-1 text-muted">
              and {more} more {more === 1 ? 'line' : 'lines'}
            </p>
          )}
        </div>
      )}
      {writing ? (
        <CommentField
          label="What should change"
          value={feedback}
          onChange={setFeedback}
          required
          disabled={pending}
          submit="Request changes"
          onSubmit={() => onAnswer({ type: 'request_changes', feedback: feedback.trim() })}
          onCancel={() => {
            setWriting(false)
            onLeave()
          }}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          <Button asChild size="sm" variant="primary">
            <Link to="/w/$workspaceId/plan" params={{ workspaceId: ask.workspaceId }}>
              <FileText aria-hidden />
              Review plan
            </Link>
          </Button>
          <Button size="sm" disabled={pending} onClick={approve}>
            Approve <Kbd keys="y" className="max-sm:hidden" />
          </Button>
          <Button size="sm" disabled={pending} onClick={change}>
            Request changes… <Kbd keys="c" className="max-sm:hidden" />
          </Button>
          <span className="text-muted text-xs">Approved, it goes on in “{mode}”.</span>
        </div>
      )}
    </>
  )
}

function useModeName(id: PermissionMode): string {
  const { data } = useApiQuery('agents.list', {}, { staleTime: Number.POSITIVE_INFINITY })
  return data?.flatMap(({ capabilities }) => capabilities.modes).find((mode) => mode.id === id)?.name ?? 'Sandboxed'
}

/** The first lines of a plan, not counting empty ones, and how many follow. */
function beginningOf(markdown: string, most: number): { text: string; more: number } {
  const lines = markdown.trim().split('\n')
  let end = 0
  for (let said = 0; end < lines.length && said < most; end++) if (lines[end]?.trim()) said++
  return { text: lines.slice(0, end).join('\n'), more: lines.slice(end).filter((line) => line.trim() !== '').length }
}
