import { Link } from '@tanstack/react-router'
import { useNow } from '../checks/use-now.ts'
import { cn } from '../ui/cn.ts'
import type { HitGroup } from './hit-groups.ts'
import { HitRow } from './hit-row.tsx'

interface HitListProps {
  /** Of the rows: `<id>-<index>`. */
  id: string
  groups: readonly HitGroup[]
  selected: number
  onSelect: (index: number) => void
  /** These are the hits for the question before. */
  old: boolean
}

/** Hits under the workspaces that they are in. */
export function HitList({ id, groups, selected, onSelect, old }: HitListProps) {
  const now = useNow(60_000)
  let index = -1
  return (
    <div className={cn(old && 'opacity-60')}>
      {groups.map((group) => (
        <section key={group.sessionId} aria-label={group.workspaceName} className="mb-5">
          <h2 className="sticky top-0 z-10 mb-1 flex items-baseline gap-2 bg-background py-1">
            <Link
              to="/w/$workspaceId/session/$sessionId"
              params={{ workspaceId: group.workspaceId, sessionId: group.sessionId }}
              className="truncate font-medium text-sm hover:underline"
            >
              {group.workspaceName}
            </Link>
            <span className="nums shrink-0 text-muted text-xs">{group.hits.length}</span>
          </h2>
          {group.hits.map((hit) => {
            index++
            const mine = index
            return (
              <HitRow
                key={hit.seq}
                id={`${id}-${mine}`}
                hit={hit}
                now={now}
                selected={mine === selected}
                onHover={() => onSelect(mine)}
              />
            )
          })}
        </section>
      ))}
    </div>
  )
}
