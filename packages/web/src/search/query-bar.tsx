import { Search } from 'lucide-react'
import type { Ref } from 'react'
import { useWorkspaces } from '../api/live.ts'
import { Button } from '../ui/button.tsx'
import { Spinner } from '../ui/spinner.tsx'
import type { HitKind } from './page.tsx'

const KINDS: { kind: HitKind; label: string }[] = [
  { kind: 'all', label: 'All' },
  { kind: 'prompt', label: 'Prompts' },
  { kind: 'answer', label: 'Answers' },
  { kind: 'tool', label: 'Tools' },
  { kind: 'plan', label: 'Plans' },
  { kind: 'thought', label: 'Thoughts' },
]

interface QueryBarProps {
  ref: Ref<HTMLInputElement>
  text: string
  onText: (text: string) => void
  /** A workspace's id; empty: all of them. */
  where: string
  onWhere: (workspaceId: string) => void
  kind: HitKind
  onKind: (kind: HitKind) => void
  busy: boolean
}

/** What is searched for, and where. */
export function QueryBar({ ref, text, onText, where, onWhere, kind, onKind, busy }: QueryBarProps) {
  const workspaces = useWorkspaces()
  return (
    <header className="border-b px-4 py-4 md:px-8">
      <div className="mx-auto max-w-3xl space-y-3">
        <div className="relative">
          <Search aria-hidden className="absolute top-1/2 left-3 size-4 -translate-y-1/2 text-muted" />
          <input
            ref={ref}
            type="search"
            aria-label="Search in all sessions"
            placeholder="Words in prompts, answers and tool output"
            value={text}
            maxLength={500}
            onChange={(event) => onText(event.target.value)}
            className="field h-10 w-full pr-9 pl-9"
          />
          {busy && <Spinner className="absolute top-3 right-3" />}
        </div>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <label className="flex min-w-0 items-center gap-2 text-muted text-sm">
            In
            <select
              value={where}
              onChange={(event) => onWhere(event.target.value)}
              className="field max-w-56 py-1 text-sm"
            >
              <option value="">all workspaces</option>
              {workspaces.map((workspace) => (
                <option key={workspace.id} value={workspace.id}>
                  {workspace.name}
                </option>
              ))}
            </select>
          </label>
          <fieldset aria-label="Kind" className="-mx-1 flex min-w-0 max-w-full gap-1 overflow-x-auto px-1 py-0.5">
            {KINDS.map((one) => (
              <Button
                key={one.kind}
                size="sm"
                variant="ghost"
                aria-pressed={one.kind === kind}
                onClick={() => onKind(one.kind)}
              >
                {one.label}
              </Button>
            ))}
          </fieldset>
        </div>
      </div>
    </header>
  )
}
