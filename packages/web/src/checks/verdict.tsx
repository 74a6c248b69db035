import type { CheckRun } from '@skein/protocol'
import { CircleAlert, CircleCheck, CircleDashed, CircleSlash, CircleX, LoaderCircle } from 'lucide-react'
import { cn } from '../ui/cn.ts'
import { duration } from './amounts.ts'

type Verdict = CheckRun['state'] | 'none'

const LOOK: Record<Verdict, { icon: typeof CircleCheck; text: string; color: string; bar: string }> = {
  passed: { icon: CircleCheck, text: 'passed', color: 'text-success', bar: 'bg-success' },
  failed: { icon: CircleX, text: 'failed', color: 'text-danger', bar: 'bg-danger' },
  error: { icon: CircleAlert, text: 'could not be run', color: 'text-warning', bar: 'bg-warning' },
  cancelled: { icon: CircleSlash, text: 'cancelled', color: 'text-muted', bar: 'bg-faint' },
  running: { icon: LoaderCircle, text: 'runs', color: 'text-status-working', bar: 'bg-status-working' },
  none: { icon: CircleDashed, text: 'never run', color: 'text-muted', bar: 'bg-faint' },
}

/** What a check said last, as a picture. */
export function VerdictIcon({ run, className }: { run: CheckRun | undefined; className?: string }) {
  const { icon: Icon, color, text } = LOOK[run?.state ?? 'none']
  return (
    <Icon
      role="img"
      aria-label={text}
      className={cn('size-4 shrink-0', color, run?.state === 'running' && 'motion-safe:animate-spin', className)}
    />
  )
}

/** What a run said, in words: `failed with exit code 1`. */
export function verdictText(run: CheckRun | undefined): string {
  if (!run) return LOOK.none.text
  if (run.state === 'failed' && run.exitCode !== undefined) return `failed with exit code ${run.exitCode}`
  return LOOK[run.state].text
}

export const verdictColor = (run: CheckRun | undefined): string => LOOK[run?.state ?? 'none'].color

/** Why a check was run. */
export function causeText(run: CheckRun): string {
  if (run.cause === 'turn') return 'after a turn'
  if (run.cause === 'fix')
    return run.round > 1 ? `after the agent’s attempt ${run.round} to mend it` : 'after the agent tried to mend it'
  return 'you asked'
}

interface SparklineProps {
  /** The newest first. */
  runs: readonly CheckRun[]
  selected: string | undefined
  onSelect: (run: CheckRun) => void
}

/** A check's runs from the oldest to the newest: colour says how it ended, height how long it took. */
export function Sparkline({ runs, selected, onSelect }: SparklineProps) {
  const longest = Math.max(1, ...runs.map(took))
  return (
    <fieldset aria-label="Runs, the oldest first" className="flex h-9 min-w-0 items-end gap-px overflow-hidden">
      {runs.toReversed().map((run) => (
        <button
          key={run.id}
          type="button"
          aria-pressed={run.id === selected}
          aria-label={`${new Date(run.startedAt).toLocaleString()}: ${verdictText(run)}`}
          title={`${new Date(run.startedAt).toLocaleString()}\n${verdictText(run)}${run.endedAt ? `, ${duration(run.endedAt - run.startedAt)}` : ''}`}
          onClick={() => onSelect(run)}
          className="group/bar flex h-full w-2.5 min-w-1.5 shrink items-end rounded-sm hover:bg-hover aria-pressed:bg-hover"
        >
          <span
            style={{ height: `${Math.max(14, (took(run) / longest) * 100)}%` }}
            className={cn(
              'w-full rounded-sm opacity-70 group-hover/bar:opacity-100 group-aria-pressed/bar:opacity-100',
              LOOK[run.state].bar,
            )}
          />
        </button>
      ))}
    </fieldset>
  )
}

const took = (run: CheckRun): number => Math.max(0, (run.endedAt ?? run.startedAt) - run.startedAt)
