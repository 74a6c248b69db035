import { CircleAlert, Info, TriangleAlert } from 'lucide-react'
import { VisibleText } from '../markdown/visible-text.tsx'
import { count, duration } from '../ui/amounts.ts'
import { cn } from '../ui/cn.ts'
import type { CompactionItem, NoticeItem, ProcessItem, RawItem, WakeItem } from './items.ts'
import { Output } from './output.tsx'

const NOTICES = {
  info: { icon: Info, className: 'text-muted' },
  warning: { icon: TriangleAlert, className: 'text-warning' },
  error: { icon: CircleAlert, className: 'text-danger' },
}

/** Something that the agent or Skein has to say beside the conversation. */
export function NoticeRow({ item }: { item: NoticeItem }) {
  const { icon: Icon, className } = NOTICES[item.severity]
  const { title, detail, retry } = item
  return (
    <div className={cn('flex gap-2 px-1.5 text-sm', className)}>
      <Icon role="img" aria-label={item.severity} className="mt-0.5 size-3.5 shrink-0" />
      <p className="min-w-0 whitespace-pre-wrap break-words">
        <VisibleText>{title}</VisibleText>
        {retry && ` Attempt ${retry.attempt} of ${retry.max}, in ${duration(retry.inMs)}.`}
        {detail !== undefined && (
          <span className="block text-muted">
            <VisibleText>{detail}</VisibleText>
          </span>
        )}
      </p>
    </div>
  )
}

/** A line across with a few words on it. */
export function Mark({ children, tone = 'plain' }: { children: React.ReactNode; tone?: 'plain' | 'accent' }) {
  return (
    <div className={cn('flex items-center gap-3 text-xs', tone === 'accent' ? 'text-accent' : 'text-muted')}>
      <span aria-hidden className={cn('h-px flex-1', tone === 'accent' ? 'bg-accent/50' : 'bg-border')} />
      {children}
      <span aria-hidden className={cn('h-px flex-1', tone === 'accent' ? 'bg-accent/50' : 'bg-border')} />
    </div>
  )
}

export function CompactionMark({ item }: { item: CompactionItem }) {
  const { status, preTokens, postTokens } = item
  const words = {
    running: 'Makes room in the context',
    completed: 'Context made smaller',
    failed: 'Could not make room',
  }
  return (
    <Mark>
      {words[status]}
      {preTokens !== undefined && postTokens !== undefined && `: ${count(preTokens)} → ${count(postTokens)} tokens`}
    </Mark>
  )
}

const ORIGINS: Record<WakeItem['origin'], string> = {
  user: 'You',
  command: 'A command',
  task: 'Woken by a background task',
  schedule: 'Woken by a schedule',
  peer: 'Woken by another agent',
  resume: 'Goes on after a restart',
}

export const WakeMark = ({ item }: { item: WakeItem }) => <Mark>{ORIGINS[item.origin]}</Mark>

/** The end of the agent's process. One that ended as it should is not worth more than a few words. */
export function ProcessRow({ item }: { item: ProcessItem }) {
  const { state, exitCode, signal, reason, stderrTail } = item
  if (state === 'exited' && (exitCode === 0 || reason === 'idle')) return <Mark>The idle agent was put to sleep</Mark>
  const how = signal !== undefined ? `by ${signal}` : exitCode == null ? '' : `with exit code ${exitCode}`
  return (
    <div className="rounded-md bg-danger-surface px-3 py-2 text-sm">
      <p className="font-medium text-danger">
        {state === 'lost' ? 'The agent’s process was lost' : `The agent’s process ended ${how}`.trim()}
        {reason !== undefined && `: ${reason}`}
      </p>
      {stderrTail !== undefined && stderrTail !== '' && (
        <div className="mt-2">
          <Output text={stderrTail} />
        </div>
      )}
    </div>
  )
}

/** A line of the agent's that its plugin does not know. */
export function RawRow({ item }: { item: RawItem }) {
  return (
    <pre className="max-h-48 overflow-auto whitespace-pre-wrap break-all px-1.5 font-mono text-muted text-xs">
      <VisibleText>{typeof item.line === 'string' ? item.line : JSON.stringify(item.line, null, 2)}</VisibleText>
    </pre>
  )
}
