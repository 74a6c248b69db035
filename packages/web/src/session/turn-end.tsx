import type { StopReason } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { FileDiff, GitFork } from 'lucide-react'
import { VisibleText } from '../markdown/visible-text.tsx'
import { dollars, duration } from '../ui/amounts.ts'
import { Button } from '../ui/button.tsx'
import type { TurnEndItem } from './items.ts'
import { useSessionContext } from './session-context.ts'

const REASONS: Partial<Record<StopReason, string>> = {
  max_tokens: 'Stopped: the answer was too long',
  max_turn_requests: 'Stopped: too many steps in one turn',
  refusal: 'The model declined',
  cancelled: 'Interrupted',
  budget: 'Stopped: the budget is used up',
  limit: 'Stopped: a usage limit was reached',
  context_full: 'Stopped: the context is full',
  hook: 'Stopped by a hook',
  error: 'Ended with an error',
  process_lost: 'The agent’s process was lost',
}

/** Where a turn ended: how, after how long, for how much; a fork can begin here. */
export function TurnEnd({ item }: { item: TurnEndItem }) {
  const { workspaceId, fork } = useSessionContext()
  const { stopReason, error, detail, durationMs, cost, denials, forkable, turnId, at } = item
  const reason = REASONS[stopReason]
  const facts = [
    ...(durationMs === undefined ? [] : [duration(durationMs)]),
    ...(cost === undefined || cost === 0 ? [] : [dollars(cost)]),
    new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }),
  ]
  const words = error?.message ?? (stopReason === 'end_turn' ? undefined : detail)
  return (
    <div className="group/item">
      {reason !== undefined && (
        <p className={stopReason === 'cancelled' ? 'px-1.5 text-muted text-sm' : 'px-1.5 text-danger text-sm'}>
          {reason}
          {words !== undefined && (
            <>
              {': '}
              <VisibleText>{words}</VisibleText>
            </>
          )}
        </p>
      )}
      {denials !== undefined && denials.length > 0 && (
        <p className="px-1.5 text-muted text-sm">Not allowed in this turn: {denials.join(', ')}</p>
      )}
      <div className="mt-1 flex h-7 items-center gap-2 border-t px-1.5">
        <span className="nums text-muted text-xs">{facts.join(' · ')}</span>
        <span className="ml-auto flex items-center opacity-0 focus-within:opacity-100 group-hover/item:opacity-100">
          <Button size="sm" variant="ghost" asChild>
            <Link to="/w/$workspaceId/changes" params={{ workspaceId }}>
              <FileDiff />
              Changes
            </Link>
          </Button>
          {forkable && turnId !== undefined && (
            <Button size="sm" variant="ghost" onClick={() => fork(turnId)}>
              <GitFork />
              Fork from here
            </Button>
          )}
        </span>
      </div>
    </div>
  )
}
