import type { Check, CheckRun } from '@skein/protocol'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ArrowLeft, Play, Square, Wrench } from 'lucide-react'
import { useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useWorkspace } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { toast } from '../ui/toast.tsx'
import { ago, duration } from './amounts.ts'
import { CheckSettings } from './check-settings.tsx'
import { LogView } from './log-view.tsx'
import { useLog } from './use-log.ts'
import { useNow } from './use-now.ts'
import { causeText, Sparkline, VerdictIcon, verdictColor, verdictText } from './verdict.tsx'

/** One check: what it said, what to do about it, its history, and the output of the run that is looked at. */
export function CheckDetails({ check, onBack }: { check: Check; onBack: () => void }) {
  const { workspaceId, name } = check
  const api = useApi()
  const [runId, setRunId] = useState<string>()
  const history = useQuery({
    queryKey: ['checks.runs', workspaceId, name, check.last?.id, check.last?.state],
    queryFn: ({ signal }) => api.call('checks.runs', { workspaceId, name, limit: 50 }, signal),
    placeholderData: keepPreviousData,
  })
  const runs = withLast(history.data ?? [], check.last)
  const shown = runs.find((run) => run.id === runId) ?? runs[0]
  const { run, cancel, fix } = useCheckActions(check, shown, () => setRunId(undefined))
  const running = check.last?.state === 'running'
  const failed = shown?.state === 'failed' || shown?.state === 'error'

  return (
    <div className="flex h-full min-h-0 flex-col gap-3 p-4">
      <header className="flex flex-wrap items-start gap-x-4 gap-y-3">
        <IconButton label="Back to all checks" onClick={onBack} className="-ml-2 md:hidden">
          <ArrowLeft />
        </IconButton>
        <div className="min-w-0 flex-1 basis-60">
          <h2 className="truncate font-semibold text-base">{name}</h2>
          <p className="break-words font-mono text-muted text-xs [overflow-wrap:anywhere]">{check.run}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          {failed && (
            <Button size="sm" variant="primary" onClick={fix.run} disabled={fix.pending}>
              <Wrench aria-hidden className="size-3.5" />
              Send to the agent
              <Kbd keys="f" className="max-md:hidden" />
            </Button>
          )}
          {running ? (
            <Button size="sm" onClick={cancel.run} disabled={cancel.pending}>
              <Square aria-hidden className="size-3" />
              Cancel
              <Kbd keys="x" className="max-md:hidden" />
            </Button>
          ) : (
            <Button size="sm" onClick={run.run} disabled={run.pending}>
              <Play aria-hidden className="size-3.5" />
              Run
              <Kbd keys="r" className="max-md:hidden" />
            </Button>
          )}
        </div>
      </header>
      <CheckSettings check={check} />
      {runs.length > 1 && <Sparkline runs={runs} selected={shown?.id} onSelect={(one) => setRunId(one.id)} />}
      {shown ? (
        <>
          <RunLine run={shown} older={shown.id !== runs[0]?.id} onNewest={() => setRunId(undefined)} />
          <RunLog key={shown.id} run={shown} />
        </>
      ) : (
        <p className="rounded-md border border-border border-dashed p-6 text-center text-muted text-sm">
          It was never run in this workspace. Press <Kbd keys="r" /> to run it.
        </p>
      )}
    </div>
  )
}

function useCheckActions(check: Check, shown: CheckRun | undefined, onStarted: () => void) {
  const { workspaceId, name } = check
  const start = useCommand('checks.run')
  const stop = useCommand('checks.cancel')
  const send = useCommand('checks.fix')
  const session = useWorkspace(workspaceId)?.sessions.at(-1)
  const running = check.last?.state === 'running'
  const failed = shown?.state === 'failed' || shown?.state === 'error'
  const run = async () => {
    if (await start.run({ workspaceId, names: [name] })) onStarted()
  }
  const cancel = async () => {
    if (check.last) await stop.run({ runId: check.last.id })
  }
  const fix = async () => {
    if (shown && (await send.run({ runId: shown.id, ...(session ? { sessionId: session.id } : {}) })))
      toast.success(`The failure of ${name} was sent to the agent`)
  }
  const group = 'Checks'
  useShortcut({ keys: 'r', label: 'Run this check', group, when: !running, run })
  useShortcut({ keys: 'x', label: 'Cancel this check', group, when: running, run: cancel })
  useShortcut({ keys: 'f', label: 'Send the failure to the agent', group, when: failed, run: fix })
  return {
    run: { run: () => void run(), pending: start.pending },
    cancel: { run: () => void cancel(), pending: stop.pending },
    fix: { run: () => void fix(), pending: send.pending },
  }
}

/** When and why a run was, and how it ended. */
function RunLine({ run, older, onNewest }: { run: CheckRun; older: boolean; onNewest: () => void }) {
  const now = useNow()
  const took = (run.endedAt ?? Math.max(now, run.startedAt)) - run.startedAt
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm">
      <VerdictIcon run={run} />
      <span className={verdictColor(run)}>{verdictText(run)}</span>
      <span className="text-muted tabular-nums">
        · {duration(took)} ·{' '}
        <time dateTime={new Date(run.startedAt).toISOString()} title={new Date(run.startedAt).toLocaleString()}>
          {ago(run.startedAt, now)}
        </time>{' '}
        · {causeText(run)}
      </span>
      {older && (
        <Button size="sm" variant="ghost" onClick={onNewest}>
          Show the newest run
        </Button>
      )}
      {run.note && run.note !== `exit code ${run.exitCode}` && <p className="basis-full text-muted">{run.note}</p>}
    </div>
  )
}

function RunLog({ run }: { run: CheckRun }) {
  const api = useApi()
  const log = useLog(run.id, (signal) => api.subscribe('checks.log', { runId: run.id }, signal))
  return (
    <LogView
      log={log}
      label={`Output of ${run.name}`}
      quiet={run.state === 'running' ? 'Nothing was printed yet.' : 'It printed nothing.'}
      className="min-h-52 flex-1"
    />
  )
}

/** The history as it was read, with the newest run as it is now. */
function withLast(runs: readonly CheckRun[], last: CheckRun | undefined): CheckRun[] {
  if (!last) return [...runs]
  return [last, ...runs.filter((run) => run.id !== last.id)]
}
