import type { Status } from '@skein/protocol'
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleHelp,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react'
import { cn } from '../ui/cn.ts'

interface StatusLook {
  name: string
  icon: LucideIcon
  className: string
  moves?: boolean
}

/** What each status is called and how it looks; never by colour alone. */
export const STATUSES: Record<Status, StatusLook> = {
  needs_you: { name: 'Needs you', icon: CircleAlert, className: 'text-status-needs-you' },
  working: { name: 'Working', icon: LoaderCircle, className: 'text-status-working', moves: true },
  checking: { name: 'Checking', icon: CircleDashed, className: 'text-status-checking', moves: true },
  ready_for_review: { name: 'Ready for review', icon: CircleCheck, className: 'text-status-ready' },
  idle: { name: 'Idle', icon: CircleDot, className: 'text-status-idle' },
  failed: { name: 'Failed', icon: CircleX, className: 'text-status-failed' },
  unknown: { name: 'Unknown', icon: CircleHelp, className: 'text-status-unknown' },
}

interface StatusIconProps {
  status: Status
  className?: string
  /** Its name is read out; leave out where it stands in words beside it. */
  named?: boolean
}

export function StatusIcon({ status, className, named = false }: StatusIconProps) {
  const { icon: Icon, name, moves, className: color } = STATUSES[status]
  return (
    <Icon
      {...(named ? { role: 'img', 'aria-label': name } : { 'aria-hidden': true })}
      className={cn('size-4 shrink-0', color, moves && 'animate-spin [animation-duration:2.4s]', className)}
    />
  )
}
