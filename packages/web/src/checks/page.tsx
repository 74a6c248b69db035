import type { Check } from '@skein/protocol'
import { Play } from 'lucide-react'
import { useState } from 'react'
import { useChecks, useWorkspace } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { ErrorState } from '../ui/error-state.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ago } from './amounts.ts'
import { CheckDetails } from './details.tsx'
import { NoChecks } from './no-checks.tsx'
import { TrustPanel } from './trust-panel.tsx'
import { useNow } from './use-now.ts'
import { causeText, VerdictIcon, verdictColor, verdictText } from './verdict.tsx'

/** The commands that say whether a workspace's work is right: their verdicts, output and history. */
export function ChecksPage({ workspaceId }: { workspaceId: string }) {
  const workspace = useWorkspace(workspaceId)
  const { items: checks, loading, error, reload } = useChecks(workspaceId)
  const [chosen, setChosen] = useState<string>()
  /** On a narrow screen the list and the details take turns. */
  const [open, setOpen] = useState(false)
  const run = useCommand('checks.run')
  const selected = checks.find((check) => check.name === chosen) ?? worst(checks)
  const some = checks.length > 0

  const runAll = () => void run.run({ workspaceId })
  const move = (by: number) => {
    const at = checks.findIndex((check) => check.name === selected?.name)
    const next = checks[Math.max(0, Math.min(checks.length - 1, at + by))]
    if (next) setChosen(next.name)
  }
  const group = 'Checks'
  useShortcut({ keys: 'shift+r', label: 'Run all checks', group, when: some, run: runAll })
  useShortcut({ keys: 'j', label: 'Next check', group, when: some, run: () => move(1) })
  useShortcut({ keys: 'k', label: 'Previous check', group, when: some, run: () => move(-1) })

  if (loading && !some) return <ChecksSkeleton />
  return (
    <div className="flex h-full min-h-0 flex-col">
      {workspace && <TrustPanel workspace={workspace} what="checks" />}
      {error !== undefined && !some ? (
        <ErrorState error={error} title="The checks could not be read" retry={reload} />
      ) : !some ? (
        <NoChecks />
      ) : (
        <div className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)] md:grid-cols-[minmax(16rem,22rem)_1fr]">
          <div className={cn('flex min-h-0 flex-col border-border md:border-r', open && 'max-md:hidden')}>
            <header className="flex items-center justify-between gap-2 px-4 py-3">
              <h2 className="font-medium text-sm">{summary(checks)}</h2>
              <Button size="sm" onClick={runAll} disabled={run.pending}>
                <Play aria-hidden className="size-3.5" />
                Run all
                <Kbd keys="shift+r" className="max-md:hidden" />
              </Button>
            </header>
            <ul aria-label="Checks" className="min-h-0 flex-1 space-y-0.5 overflow-y-auto px-2 pb-4">
              {checks.map((check) => (
                <CheckRow
                  key={check.name}
                  check={check}
                  selected={check.name === selected?.name}
                  onSelect={() => {
                    setChosen(check.name)
                    setOpen(true)
                  }}
                />
              ))}
            </ul>
          </div>
          <div className={cn('min-h-0 min-w-0', !open && 'max-md:hidden')}>
            {selected && <CheckDetails key={selected.name} check={selected} onBack={() => setOpen(false)} />}
          </div>
        </div>
      )}
    </div>
  )
}

function CheckRow({ check, selected, onSelect }: { check: Check; selected: boolean; onSelect: () => void }) {
  const now = useNow(10_000)
  const run = check.last
  return (
    <li>
      <button
        type="button"
        aria-current={selected}
        onClick={onSelect}
        className="flex w-full items-start gap-2.5 rounded-md px-2 py-2 text-left hover:bg-hover aria-[current=true]:md:bg-hover"
      >
        <VerdictIcon run={run} className="mt-0.5" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium text-sm">{check.name}</span>
          <span className="block truncate text-muted text-xs">
            <span className={run?.state === 'failed' || run?.state === 'error' ? verdictColor(run) : undefined}>
              {verdictText(run)}
            </span>
            {run && ` · ${ago(run.startedAt, now)} · ${causeText(run)}`}
          </span>
        </span>
      </button>
    </li>
  )
}

/** What a person should look at first. */
function worst(checks: readonly Check[]): Check | undefined {
  const order = ['failed', 'error', 'running'] as const
  for (const state of order) {
    const found = checks.find((check) => check.last?.state === state)
    if (found) return found
  }
  return checks[0]
}

function summary(checks: readonly Check[]): string {
  const count = (...states: string[]) => checks.filter((check) => states.includes(check.last?.state ?? 'none')).length
  const parts = [
    [count('failed', 'error'), 'failing'],
    [count('running'), 'running'],
  ] as const
  const said = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`)
  if (said.length > 0) return said.join(', ')
  if (count('passed') === checks.length) return 'All passed'
  return `${checks.length} ${checks.length === 1 ? 'check' : 'checks'}`
}

function ChecksSkeleton() {
  return (
    <div role="status" aria-label="Checks are being read" className="space-y-3 p-4">
      {[1, 2, 3].map((row) => (
        <Skeleton key={row} className="h-10 max-w-72" />
      ))}
    </div>
  )
}
