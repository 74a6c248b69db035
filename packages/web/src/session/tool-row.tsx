import {
  ArrowRightLeft,
  Bot,
  ChevronRight,
  FilePen,
  FileText,
  Globe,
  Lightbulb,
  type LucideIcon,
  Search,
  SquareTerminal,
  Trash2,
  Wrench,
} from 'lucide-react'
import { memo } from 'react'
import { VisibleText } from '../markdown/visible-text.tsx'
import { count } from '../ui/amounts.ts'
import { cn } from '../ui/cn.ts'
import { Spinner } from '../ui/spinner.tsx'
import type { ToolItem } from './items.ts'
import { useSessionContext } from './session-context.ts'
import { ToolDetails } from './tool-details.tsx'
import { lastLine, summaryOf } from './tool-summary.ts'
import { useUnfolded } from './unfolded.ts'
import { outputOf } from './words.ts'

const ICONS: Record<ToolItem['kind'], LucideIcon> = {
  read: FileText,
  edit: FilePen,
  delete: Trash2,
  move: ArrowRightLeft,
  search: Search,
  execute: SquareTerminal,
  think: Lightbulb,
  fetch: Globe,
  switch_mode: ArrowRightLeft,
  agent: Bot,
  other: Wrench,
}

/** A tool call: one line with what came of it, and all of it when it is unfolded. */
export const ToolRow = memo(function ToolRow({ item }: { item: ToolItem }) {
  const { sessionId } = useSessionContext()
  const [open, toggle] = useUnfolded(`${sessionId} ${item.key}`)
  const Icon = ICONS[item.kind]
  const { text, tone, size } = summaryOf(item)
  const running = item.status === 'pending' || item.status === 'in_progress' || item.agent?.state === 'running'
  const printing = running && item.kind === 'execute' && !open ? lastLine(outputOf(item)) : ''
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={toggle}
        className="group/tool flex min-h-7 w-full items-center gap-2 rounded-md px-1.5 text-left text-sm hover:bg-hover"
      >
        {running ? (
          <Spinner className="size-3.5" label="running" />
        ) : (
          <Icon aria-hidden className="size-3.5 shrink-0 text-muted" />
        )}
        <span className={cn('min-w-0 truncate', item.kind === 'execute' && 'font-mono text-xs')}>
          <VisibleText>{item.title}</VisibleText>
        </span>
        {size && (
          <span className="nums flex shrink-0 gap-1 text-xs">
            {size.added > 0 && <span className="text-added">+{count(size.added)}</span>}
            {size.deleted > 0 && <span className="text-deleted">−{count(size.deleted)}</span>}
          </span>
        )}
        {text !== '' && (
          <span
            className={cn(
              'ml-auto min-w-0 max-w-[45%] shrink-0 truncate text-xs',
              tone === 'failed' ? 'text-danger' : 'text-muted',
            )}
          >
            <VisibleText>{text}</VisibleText>
          </span>
        )}
        <ChevronRight
          aria-hidden
          className={cn(
            'size-3.5 shrink-0 text-faint transition-transform',
            open && 'rotate-90',
            text === '' && 'ml-auto',
          )}
        />
      </button>
      {printing !== '' && (
        <p className="truncate pl-7 font-mono text-muted text-xs">
          <VisibleText>{printing}</VisibleText>
        </p>
      )}
      {open && <ToolDetails item={item} running={running} />}
    </div>
  )
})
