import { Bot, SquareTerminal } from 'lucide-react'
import { VisibleText } from '../markdown/visible-text.tsx'
import { Spinner } from '../ui/spinner.tsx'
import type { AgentItem } from './items.ts'

/** A sub-agent or a background task that no tool call of this transcript started. */
export function DelegateRow({ item }: { item: AgentItem }) {
  const { kind, title, state, summary } = item.agent
  const Icon = kind === 'subagent' || kind === 'workflow' ? Bot : SquareTerminal
  return (
    <div className="flex items-start gap-2 px-1.5 py-1 text-sm">
      {state === 'running' ? (
        <Spinner className="mt-0.5 size-3.5" label="running" />
      ) : (
        <Icon aria-hidden className="mt-0.5 size-3.5 shrink-0 text-muted" />
      )}
      <span className="min-w-0 flex-1">
        <VisibleText>{title}</VisibleText>
        {summary !== undefined && (
          <span className="block text-muted">
            <VisibleText>{summary}</VisibleText>
          </span>
        )}
      </span>
      <span className={state === 'failed' ? 'text-danger text-xs' : 'text-muted text-xs'}>
        {state.replace('_', ' ')}
      </span>
    </div>
  )
}
