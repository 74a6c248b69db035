import type { ApiResult, Workspace } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { describeError } from '../api/describe-error.ts'
import { useApiQuery } from '../api/query.ts'
import { cn } from '../ui/cn.ts'
import { Skeleton } from '../ui/skeleton.tsx'
import { bytes, processOwner } from './amounts.ts'

const LOOK_MS = 10_000

/** What a machine has left, and which of Skein's processes use it; looked at again while it is shown. */
export function Resources({ machineId, workspaces }: { machineId: string; workspaces: readonly Workspace[] }) {
  const { data, error, isError, refetch } = useApiQuery(
    'machines.resources',
    { machineId },
    { staleTime: 0, keep: true },
  )
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void refetch()
    }, LOOK_MS)
    return () => clearInterval(timer)
  }, [refetch])
  if (isError && !data)
    return <p className="text-muted text-sm">What it has left could not be read: {describeError(error).message}</p>
  if (!data) return <Skeleton className="h-16" />
  const { cpus, load, memoryBytes, memoryFreeBytes, diskBytes, diskFreeBytes, processes } = data
  return (
    <div className="space-y-3">
      <div className="grid gap-x-6 gap-y-2 sm:grid-cols-3">
        <Bar
          name="Processors"
          part={(load[0] ?? 0) / cpus}
          says={`load ${(load[0] ?? 0).toFixed(1)} on ${cpus}`}
          title={`Over 1, 5 and 15 minutes: ${load.map((one) => one.toFixed(2)).join(', ')}`}
        />
        <Bar
          name="Memory"
          part={1 - memoryFreeBytes / memoryBytes}
          says={`${bytes(memoryFreeBytes)} of ${bytes(memoryBytes)} free`}
        />
        <Bar
          name="Disk"
          part={1 - diskFreeBytes / diskBytes}
          says={`${bytes(diskFreeBytes)} of ${bytes(diskBytes)} free`}
        />
      </div>
      {processes.length > 0 && <Processes processes={processes} workspaces={workspaces} />}
    </div>
  )
}

function Bar({ name, part, says, title }: { name: string; part: number; says: string; title?: string }) {
  const filled = Math.min(1, Math.max(0, Number.isFinite(part) ? part : 0))
  return (
    <div {...(title === undefined ? {} : { title })}>
      <div className="flex items-baseline justify-between gap-2 text-xs">
        <span className="font-medium">{name}</span>
        <span className="nums truncate text-muted">{says}</span>
      </div>
      <div aria-hidden className="mt-1 h-1.5 overflow-hidden rounded-full bg-hover">
        <div
          className={cn('h-full rounded-full', filled > 0.9 ? 'bg-status-needs-you' : 'bg-accent')}
          style={{ width: `${filled * 100}%` }}
        />
      </div>
    </div>
  )
}

type Process = ApiResult<'machines.resources'>['processes'][number]

function Processes({ processes, workspaces }: { processes: readonly Process[]; workspaces: readonly Workspace[] }) {
  const all = processes.reduce((sum, { rssBytes }) => sum + rssBytes, 0)
  return (
    <details className="text-sm">
      <summary className="w-fit cursor-pointer rounded-md text-muted hover:text-foreground">
        {processes.length} {processes.length === 1 ? 'process' : 'processes'} of Skein’s,{' '}
        <span className="nums">{bytes(all)}</span> of memory
      </summary>
      <ul className="mt-1.5 divide-y border-y">
        {processes
          .toSorted((a, b) => b.rssBytes - a.rssBytes)
          .map(({ id, rssBytes }) => {
            const { what, workspace } = processOwner(id, workspaces)
            return (
              <li key={id} className="flex items-baseline gap-2 py-1">
                <span className="min-w-0 flex-1 truncate">
                  {what}
                  {workspace && (
                    <>
                      {' of '}
                      <Link
                        to="/w/$workspaceId"
                        params={{ workspaceId: workspace.id }}
                        className="text-accent underline-offset-4 hover:underline"
                      >
                        {workspace.name}
                      </Link>
                    </>
                  )}
                </span>
                <span className="nums shrink-0 text-muted">{bytes(rssBytes)}</span>
              </li>
            )
          })}
      </ul>
    </details>
  )
}
