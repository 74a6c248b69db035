import type { SearchHit } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { Brain, CircleHelp, ClipboardList, MessageSquare, Terminal, User } from 'lucide-react'
import { memo } from 'react'
import { ago } from '../checks/amounts.ts'
import { visible } from '../checks/ansi.ts'
import { cn } from '../ui/cn.ts'

const KINDS: Record<SearchHit['kind'], { icon: typeof User; label: string }> = {
  prompt: { icon: User, label: 'Prompt' },
  answer: { icon: MessageSquare, label: 'Answer' },
  thought: { icon: Brain, label: 'Thought' },
  tool: { icon: Terminal, label: 'Tool' },
  plan: { icon: ClipboardList, label: 'Plan' },
  other: { icon: CircleHelp, label: 'Other' },
}

interface HitRowProps {
  id: string
  hit: SearchHit
  now: number
  selected: boolean
  onHover: () => void
}

/** One place where the words stand; a link to it. */
export const HitRow = memo(
  function HitRow({ id, hit, now, selected, onHover }: HitRowProps) {
    const { icon: Icon, label } = KINDS[hit.kind]
    return (
      <Link
        id={id}
        to="/w/$workspaceId/session/$sessionId"
        params={{ workspaceId: hit.workspaceId, sessionId: hit.sessionId }}
        hash={`e${hit.seq}`}
        onPointerMove={selected ? undefined : onHover}
        className={cn('flex items-start gap-2.5 rounded-md px-2.5 py-2', selected && 'bg-selected')}
      >
        <Icon role="img" aria-label={label} className="mt-0.5 size-4 shrink-0 text-muted" />
        <span className="line-clamp-3 min-w-0 flex-1 text-sm [overflow-wrap:anywhere]">
          {hit.snippet.map((part, i) =>
            part.match ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a snippet have no other identity.
              <mark key={i} className="rounded-sm bg-warning-surface font-medium text-warning">
                {visible(part.text)}
              </mark>
            ) : (
              visible(part.text)
            ),
          )}
        </span>
        <time
          dateTime={new Date(hit.at).toISOString()}
          title={new Date(hit.at).toLocaleString()}
          className="nums shrink-0 text-muted text-xs"
        >
          {ago(hit.at, now)}
        </time>
      </Link>
    )
  },
  (a, b) => a.hit === b.hit && a.selected === b.selected && a.now === b.now && a.id === b.id,
)
