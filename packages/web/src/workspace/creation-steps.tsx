import type { StepName, Workspace } from '@skein/protocol'
import { CircleCheck, CircleDashed, CircleX, LoaderCircle, MinusCircle, RotateCw } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useCommand } from '../api/use-command.ts'
import { AnsiText } from '../checks/ansi-text.tsx'
import { duration } from '../ui/amounts.ts'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { useWorkspaceCommands } from './commands.ts'

const NAMES: Record<StepName, string> = {
  machine: 'Machine',
  checkout: 'Checkout',
  files: 'Files',
  setup: 'Setup script',
  ready: 'Ready',
}
const ICONS = {
  pending: { icon: CircleDashed, className: 'text-faint' },
  running: { icon: LoaderCircle, className: 'animate-spin text-status-working' },
  done: { icon: CircleCheck, className: 'text-status-ready' },
  skipped: { icon: MinusCircle, className: 'text-faint' },
  failed: { icon: CircleX, className: 'text-status-failed' },
}

/** How the making of a workspace goes, step by step, with its log; or where it failed, and what to do. */
export function CreationSteps({ workspace }: { workspace: Workspace }) {
  const { steps, problem, state } = workspace
  return (
    <section aria-label="Making the workspace" className="mx-auto w-full max-w-2xl px-4 py-6">
      <ol className="space-y-1.5">
        {steps.map(({ name, state, note, startedAt, endedAt }) => {
          const { icon: Icon, className } = ICONS[state]
          return (
            <li key={name} className="flex items-baseline gap-2.5">
              <Icon role="img" aria-label={state} className={cn('size-4 shrink-0 translate-y-0.5', className)} />
              <span className={cn('font-medium', state === 'pending' && 'text-muted')}>{NAMES[name]}</span>
              <span className="min-w-0 flex-1 truncate text-muted text-sm">
                {state === 'failed' && problem ? 'failed' : note}
              </span>
              {startedAt !== undefined && endedAt !== undefined && (
                <span className="nums text-muted text-xs">{duration(endedAt - startedAt)}</span>
              )}
            </li>
          )
        })}
      </ol>
      {problem && (
        <div role="alert" className="mt-4 rounded-md bg-danger-surface p-3">
          <p className="whitespace-pre-wrap break-words font-medium text-danger">{problem.message}</p>
          {problem.next !== undefined && <p className="mt-1 break-words">{problem.next}</p>}
        </div>
      )}
      {state === 'failed' && <AfterFailure workspace={workspace} />}
      {state !== 'ready' && (
        <CreationLog key={steps.find(({ name }) => name === 'setup')?.startedAt} workspaceId={workspace.id} />
      )}
    </section>
  )
}

function AfterFailure({ workspace }: { workspace: Workspace }) {
  const { run: retry, pending } = useCommand('workspaces.retry')
  const { remove } = useWorkspaceCommands()
  return (
    <div className="mt-3 flex gap-2">
      <Button variant="primary" disabled={pending} onClick={() => void retry({ workspaceId: workspace.id })}>
        <RotateCw aria-hidden />
        Try again
      </Button>
      <Button variant="ghost" disabled={pending} onClick={() => void remove([workspace])}>
        Remove it
      </Button>
    </div>
  )
}

const LAST_LINES = 400

function CreationLog({ workspaceId }: { workspaceId: string }) {
  const api = useApi()
  const [lines, setLines] = useState<readonly string[]>([])
  useEffect(() => {
    const controller = new AbortController()
    let text = ''
    let scheduled = false
    const show = () => {
      scheduled = false
      setLines(text.split('\n').slice(-LAST_LINES))
    }
    const follow = async () => {
      for await (const part of api.subscribe('workspaces.log', { workspaceId }, controller.signal)) {
        text += part.text
        if (!scheduled) requestAnimationFrame(show)
        scheduled = true
      }
    }
    // The log is an extra: what failed is said by the steps.
    void follow().catch(() => undefined)
    return () => controller.abort()
  }, [api, workspaceId])
  if (lines.length === 0) return null
  return (
    <pre className="mt-4 max-h-80 overflow-auto whitespace-pre-wrap break-words rounded-md bg-sunken p-3 font-mono text-xs">
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity.
        <div key={index}>
          <AnsiText line={line} />
        </div>
      ))}
    </pre>
  )
}
