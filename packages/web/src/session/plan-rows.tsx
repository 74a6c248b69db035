import { Link } from '@tanstack/react-router'
import { ChevronRight, Circle, CircleCheck, CircleDot, ScrollText } from 'lucide-react'
import { Markdown } from '../markdown/markdown.tsx'
import { VisibleText } from '../markdown/visible-text.tsx'
import { Badge, type BadgeTone } from '../ui/badge.tsx'
import { cn } from '../ui/cn.ts'
import type { PlanItem, TasksItem } from './items.ts'
import { useSessionContext } from './session-context.ts'
import { useUnfolded } from './unfolded.ts'

const TASKS = {
  pending: { icon: Circle, className: 'text-faint', name: 'to do' },
  in_progress: { icon: CircleDot, className: 'text-status-working', name: 'at work' },
  completed: { icon: CircleCheck, className: 'text-status-ready', name: 'done' },
}

/** The agent's own list of what is to be done, as it is now. */
export function TasksRow({ item }: { item: TasksItem }) {
  const { sessionId, currentTasks } = useSessionContext()
  const done = item.entries.filter((entry) => entry.status === 'completed').length
  const current = item.entries.find((entry) => entry.status === 'in_progress')
  const [turned, toggle] = useUnfolded(`${sessionId} ${item.key}`)
  // The list that is being worked on is open by itself.
  const folded = turned === (currentTasks === item.key)
  return (
    <section aria-label="Tasks" className="rounded-md border px-3 py-2 text-sm">
      <button
        type="button"
        aria-expanded={!folded}
        onClick={toggle}
        className="flex w-full items-center gap-2 rounded-sm text-left"
      >
        <ChevronRight aria-hidden className={cn('size-3.5 text-faint transition-transform', !folded && 'rotate-90')} />
        <span className="font-medium">Tasks</span>
        <span className="nums text-muted">
          {done} of {item.entries.length}
        </span>
        {folded && current && <span className="min-w-0 truncate text-muted">{current.content}</span>}
      </button>
      {!folded && (
        <ul className="mt-1.5 space-y-1">
          {item.entries.map(({ id, content, status }) => {
            const { icon: Icon, className, name } = TASKS[status]
            return (
              <li key={id ?? content} className="flex items-baseline gap-2">
                <Icon role="img" aria-label={name} className={cn('size-3.5 shrink-0 translate-y-0.5', className)} />
                <span className={cn('min-w-0 break-words', status === 'completed' && 'text-muted')}>
                  <VisibleText>{content}</VisibleText>
                </span>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

const STATES: Record<PlanItem['state'], { name: string; tone: BadgeTone }> = {
  proposed: { name: 'Proposed', tone: 'warning' },
  approved: { name: 'Approved', tone: 'success' },
  rejected: { name: 'Changes asked for', tone: 'neutral' },
}

/** A revision of the plan; it is read and shaped on its own page. */
export function PlanRow({ item }: { item: PlanItem }) {
  const { workspaceId, sessionId } = useSessionContext()
  const [open, toggle] = useUnfolded(`${sessionId} ${item.key}`)
  const { name, tone } = STATES[item.state]
  const title = /^#+\s+(.+)$/m.exec(item.markdown)?.[1]?.replace(/[`*_]/g, '') ?? 'Plan'
  return (
    <section aria-label="Plan" className="rounded-md border px-3 py-2">
      <div className="flex items-center gap-2 text-sm">
        <ScrollText aria-hidden className="size-4 shrink-0 text-muted" />
        <button
          type="button"
          aria-expanded={open}
          onClick={toggle}
          className="min-w-0 truncate rounded-sm font-medium hover:underline"
        >
          <VisibleText>{title}</VisibleText>
        </button>
        <Badge tone={tone}>{item.edited ? 'Approved with edits' : name}</Badge>
        <Link
          to="/w/$workspaceId/plan"
          params={{ workspaceId }}
          search={{ session: sessionId }}
          className="ml-auto shrink-0 rounded-sm text-accent underline-offset-4 hover:underline"
        >
          Open the plan
        </Link>
      </div>
      {item.feedback !== undefined && <p className="mt-1 whitespace-pre-wrap text-muted text-sm">{item.feedback}</p>}
      {open && <Markdown text={item.markdown} className="mt-2 border-t pt-2" />}
    </section>
  )
}
