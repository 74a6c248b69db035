import { useMachine } from '../api/live.ts'
import { cn } from '../ui/cn.ts'
import { KindIcon, MACHINE_STATES, machineLabel } from './machine-look.tsx'

interface MachineNameProps {
  id: string
  className?: string
  compact?: boolean
}

/**
 * Where a workspace is, unless it is on this computer: icon, name, and how the link is when it is not well. `compact`: on a
 * phone the icon alone.
 */
export function MachineName({ id, className, compact = false }: MachineNameProps) {
  const machine = useMachine(id)
  if (id === 'local') return null
  const lost = machine?.state === 'reconnecting' || machine?.state === 'unreachable' || machine?.state === 'stopped'
  const name = machineLabel(id, machine)
  return (
    <span
      title={`On ${name}${machine ? `: ${MACHINE_STATES[machine.state].name.toLowerCase()}` : ''}`}
      className={cn('flex min-w-0 items-center gap-1', lost && 'text-status-needs-you', className)}
    >
      <KindIcon kind={machine?.kind ?? id.split(':')[0] ?? ''} className="size-3.5" />
      <span className="sr-only">on </span>
      <span className={cn('truncate', compact && 'max-sm:sr-only')}>{name}</span>
      {lost && <span className="sr-only">, {MACHINE_STATES[machine.state].name.toLowerCase()}</span>}
    </span>
  )
}
