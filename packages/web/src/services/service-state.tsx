import type { Service } from '@skein/protocol'
import { cn } from '../ui/cn.ts'

const LOOK: Record<Service['state'], { text: string; dot: string; color: string }> = {
  running: { text: 'running', dot: 'bg-success', color: 'text-success' },
  starting: { text: 'starting', dot: 'bg-status-working pulse', color: 'text-status-working' },
  unhealthy: { text: 'unhealthy', dot: 'bg-warning', color: 'text-warning' },
  failed: { text: 'failed', dot: 'bg-danger', color: 'text-danger' },
  exited: { text: 'ended', dot: 'bg-faint', color: 'text-muted' },
  stopped: { text: 'stopped', dot: 'bg-faint', color: 'text-muted' },
}

/** How a service is, in a word and a colour. */
export function ServiceState({ state }: { state: Service['state'] }) {
  const { text, dot, color } = LOOK[state]
  return (
    <span className={cn('flex shrink-0 items-center gap-1.5 text-xs', color)}>
      <span aria-hidden className={cn('size-2 rounded-full', dot)} />
      {text}
    </span>
  )
}
