import type { MachineInfo } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { useMachine } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { useNow } from '../checks/use-now.ts'
import { duration } from '../ui/amounts.ts'
import { Button } from '../ui/button.tsx'
import { KindIcon, machineLabel } from './machine-look.tsx'

/** A link that is back within this time is not worth a word. */
const PATIENCE_MS = 1_500

/** Says while a workspace's machine is out of reach: since when, that the agent works on, and what is done about it. */
export function ReachBanner({ machineId }: { machineId: string }) {
  const machine = useMachine(machineId)
  const lost = machine && machineId !== 'local' && LOST.has(machine.state)
  return <div role="status">{lost && <Lost machine={machine} />}</div>
}

const LOST: ReadonlySet<MachineInfo['state']> = new Set(['reconnecting', 'unreachable', 'stopped'])

function Lost({ machine }: { machine: MachineInfo }) {
  const now = useNow()
  const start = useCommand('machines.start')
  const { id, kind, state, because, since, retryAt } = machine
  if (now - since < PATIENCE_MS && state === 'reconnecting') return null
  const label = machineLabel(id, machine)
  const clock = new Date(since).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  return (
    <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1 border-b bg-warning-surface px-4 py-1.5 text-sm text-warning">
      <KindIcon kind={kind} />
      <p className="min-w-0 flex-1 basis-60">
        {state === 'reconnecting' ? (
          <>
            Reconnecting to <MachineLink id={id} label={label} /> since {clock}; the agent works on.{' '}
          </>
        ) : state === 'stopped' ? (
          <>
            <MachineLink id={id} label={label} /> is stopped since {clock}.{' '}
          </>
        ) : (
          <>
            <MachineLink id={id} label={label} /> is out of reach since {clock}: {because}{' '}
          </>
        )}
        <span className="text-foreground/80">What you write now waits until it is back.</span>
      </p>
      {retryAt !== undefined && retryAt > now && (
        <span aria-hidden className="nums shrink-0">
          next try in {duration(retryAt - now)}
        </span>
      )}
      <Button size="sm" variant="ghost" disabled={start.pending} onClick={() => void start.run({ machineId: id })}>
        {start.pending ? 'Trying…' : state === 'stopped' ? 'Start' : 'Try now'}
      </Button>
    </div>
  )
}

function MachineLink({ id, label }: { id: string; label: string }) {
  return (
    <Link to="/machines" hash={id} className="font-medium underline underline-offset-4">
      {label}
    </Link>
  )
}
