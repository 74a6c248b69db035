import type { MachineInfo, MachineState } from '@skein/protocol'
import {
  CircleCheck,
  CircleDashed,
  CircleX,
  Container,
  Laptop,
  LoaderCircle,
  type LucideIcon,
  Moon,
  RefreshCw,
  Rocket,
  Server,
} from 'lucide-react'
import { cn } from '../ui/cn.ts'

const KINDS: Record<string, LucideIcon> = { local: Laptop, ssh: Server, docker: Container, flight: Rocket }

/** The picture of a kind of machine. */
export function KindIcon({ kind, className }: { kind: string; className?: string }) {
  const Icon = KINDS[kind] ?? Server
  return <Icon aria-hidden className={cn('size-4 shrink-0', className)} />
}

interface StateLook {
  name: string
  icon: LucideIcon
  className: string
  moves?: boolean
}

/** What each state is called and how it looks; never by colour alone. */
export const MACHINE_STATES: Record<MachineState, StateLook> = {
  idle: { name: 'Not connected', icon: CircleDashed, className: 'text-status-idle' },
  connecting: { name: 'Connecting', icon: LoaderCircle, className: 'text-status-working', moves: true },
  connected: { name: 'Connected', icon: CircleCheck, className: 'text-status-ready' },
  reconnecting: { name: 'Reconnecting', icon: RefreshCw, className: 'text-status-needs-you', moves: true },
  unreachable: { name: 'Out of reach', icon: CircleX, className: 'text-status-failed' },
  stopped: { name: 'Stopped', icon: Moon, className: 'text-status-idle' },
}

export function MachineStateMark({ state }: { state: MachineState }) {
  const { name, icon: Icon, className, moves } = MACHINE_STATES[state]
  return (
    <span className={cn('flex items-center gap-1.5 whitespace-nowrap font-medium text-sm', className)}>
      <Icon aria-hidden className={cn('size-4', moves && 'animate-spin [animation-duration:2.4s]')} />
      {name}
    </span>
  )
}

/** What a machine is called: by its id; one that was made for a workspace by what it was made from. */
export function machineLabel(
  id: string,
  machine?: Pick<MachineInfo, 'kind' | 'name' | 'lifetime' | 'template'>,
): string {
  if (id === 'local') return 'This computer'
  if (machine === undefined) return id.replace(/:[wp]-[a-z0-9]+$/, '')
  if (machine.template || machine.lifetime === 'shared') return id
  return machine.name === '' ? machine.kind : `${machine.kind}:${machine.name}`
}
