import type { MachineInfo, Status, Workspace } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useNow } from '../checks/use-now.ts'
import { duration } from '../ui/amounts.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { TimeSince } from '../ui/time-since.tsx'
import { StatusIcon } from '../workspace/status.tsx'
import { Diagnosis } from './diagnosis.tsx'
import { MachineActions } from './machine-actions.tsx'
import { MachineDialog } from './machine-dialog.tsx'
import { KindIcon, MachineStateMark, machineLabel } from './machine-look.tsx'
import { Resources } from './resources.tsx'
import { useRoundTrips } from './round-trips.ts'
import { Sparkline } from './sparkline.tsx'

/** A machine: how its link is and why, what is there, what it has left, and what can be done with it. */
export function MachineCard({ machine, workspaces }: { machine: MachineInfo; workspaces: readonly Workspace[] }) {
  const [open, setOpen] = useState<'diagnosis' | 'settings'>()
  const { id, state, because, since, retryAt, problem, isolated } = machine
  const label = machineLabel(id, machine)
  const heading = `machine-${id}`
  return (
    <article id={id} aria-labelledby={heading} className="scroll-mt-4 rounded-lg border bg-surface target:border-ring">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-3">
        <KindIcon kind={machine.kind} className="text-muted" />
        <h3 id={heading} className="min-w-0 truncate font-semibold">
          {label}
        </h3>
        <MachineStateMark state={state} />
        {isolated && <Badge title="Agents there are kept from your own files">isolated</Badge>}
        <TimeSince at={since} className="nums ml-auto text-muted text-sm" />
      </header>
      <div className="space-y-3 px-4 pt-1 pb-3">
        <p className="text-muted text-sm [overflow-wrap:anywhere]">
          {because}
          {retryAt !== undefined && <NextTry at={retryAt} />}
        </p>
        {problem !== undefined && (
          <p
            role="alert"
            className="rounded-md bg-danger-surface px-3 py-2 text-danger text-sm [overflow-wrap:anywhere]"
          >
            {problem}
          </p>
        )}
        <Facts machine={machine} />
        {workspaces.length > 0 && <Workspaces workspaces={workspaces} />}
        {state === 'connected' && <Resources machineId={id} workspaces={workspaces} />}
        <MachineActions
          machine={machine}
          label={label}
          onDiagnose={() => setOpen('diagnosis')}
          onSettings={() => setOpen('settings')}
        />
      </div>
      {open === 'diagnosis' && <Diagnosis machineId={id} label={label} onClose={() => setOpen(undefined)} />}
      {open === 'settings' && <MachineDialog machine={machine} onClose={() => setOpen(undefined)} />}
    </article>
  )
}

function NextTry({ at }: { at: number }) {
  const now = useNow()
  return <span className="nums">{at > now ? ` · next try in ${duration(at - now)}` : ' · trying now'}</span>
}

function Facts({ machine }: { machine: MachineInfo }) {
  const { id, platform, arch, runnerVersion, heartbeatAt, roundTripMs, leaseUntil } = machine
  const trips = useRoundTrips(id)
  if (platform === undefined && heartbeatAt === undefined && leaseUntil === undefined) return null
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-1.5 text-sm">
      {platform !== undefined && (
        <Fact name="System">
          {platform} {arch}
          <span className="text-muted"> · runner {runnerVersion}</span>
        </Fact>
      )}
      {heartbeatAt !== undefined && (
        <Fact name="Heard of">
          <Ago at={heartbeatAt} />
        </Fact>
      )}
      {roundTripMs !== undefined && (
        <Fact name="Round trip">
          <span className="nums">{Math.max(1, Math.round(roundTripMs))} ms</span>
          {trips && <Sparkline values={trips} />}
        </Fact>
      )}
      {leaseUntil !== undefined && (
        <Fact name="Lease" title="Idle agents there stop by themselves if this server is not heard of until then">
          <span className="nums">
            until {new Date(leaseUntil).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}
          </span>
        </Fact>
      )}
    </dl>
  )
}

function Fact({ name, title, children }: { name: string; title?: string; children: React.ReactNode }) {
  return (
    <div className="flex items-center gap-1.5" {...(title === undefined ? {} : { title })}>
      <dt className="text-muted">{name}</dt>
      <dd className="flex items-center gap-1.5">{children}</dd>
    </div>
  )
}

function Ago({ at }: { at: number }) {
  const now = useNow()
  return <span className="nums">{now - at < 1000 ? 'just now' : `${duration(now - at)} ago`}</span>
}

const FEW = 8
const URGENT: readonly Status[] = ['needs_you', 'failed', 'unknown', 'working', 'checking', 'ready_for_review', 'idle']

function Workspaces({ workspaces }: { workspaces: readonly Workspace[] }) {
  const [all, setAll] = useState(false)
  const rank = ({ status }: Workspace) => URGENT.indexOf(status.status)
  const sorted = workspaces.toSorted((a, b) => rank(a) - rank(b))
  const more = workspaces.length - FEW
  return (
    <ul aria-label="Workspaces there" className="flex flex-wrap gap-1.5">
      {(all ? sorted : sorted.slice(0, FEW)).map(({ id, name, status }) => (
        <li key={id} className="min-w-0 max-w-full">
          <Link
            to="/w/$workspaceId"
            params={{ workspaceId: id }}
            title={status.because}
            className="flex h-7 items-center gap-1.5 rounded-md border px-2 text-sm hover:bg-hover"
          >
            <StatusIcon status={status.status} named />
            <span className="truncate">{name}</span>
          </Link>
        </li>
      ))}
      {more > 0 && (
        <li>
          <Button size="sm" variant="ghost" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Fewer' : `and ${more} more`}
          </Button>
        </li>
      )}
    </ul>
  )
}
