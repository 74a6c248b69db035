import type { MonitoredService } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { CircleAlert, CircleCheck, CircleX, type LucideIcon } from 'lucide-react'
import { useApi } from '../api/context.tsx'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { cn } from '../ui/cn.ts'

const LOOK_MS = 10_000

const HEALTH: Record<MonitoredService['health'], { name: string; icon: LucideIcon; color: string }> = {
  critical: { name: 'critical', icon: CircleX, color: 'text-danger' },
  warning: { name: 'warning', icon: CircleAlert, color: 'text-warning' },
  healthy: { name: 'healthy', icon: CircleCheck, color: 'text-success' },
}

/** What the project's own monitor (`.flight/monitor`) says of its services, the worst first; asked again while it is shown. */
export function Monitor({ workspaceId }: { workspaceId: string }) {
  const api = useApi()
  const { data } = useQuery({
    queryKey: ['machines.monitor', workspaceId],
    queryFn: ({ signal }) => api.call('machines.monitor', { workspaceId }, signal),
    refetchInterval: LOOK_MS,
    placeholderData: (before) => before,
  })
  if (!data?.monitored) return null
  const { services, error } = data.monitored
  return (
    <section aria-label="Monitor" className="px-3 pt-3 pb-1">
      <h2 className="px-1 pb-1 font-medium text-muted text-xs">What the project’s monitor says</h2>
      {error !== undefined && (
        <p role="alert" className="px-1 text-sm text-warning [overflow-wrap:anywhere]">
          {visibleCharacters(error)}
        </p>
      )}
      {services.length > 0 && (
        <ul className="space-y-2">
          {services.map((service) => (
            <Card key={service.name} service={service} />
          ))}
        </ul>
      )}
      {services.length === 0 && error === undefined && <p className="px-1 text-muted text-sm">It names no services.</p>}
    </section>
  )
}

function Card({ service: { name, status, health, metrics } }: { service: MonitoredService }) {
  const { name: said, icon: Icon, color } = HEALTH[health]
  return (
    <li className="rounded-lg border border-border p-3">
      <div className="flex min-w-0 items-center gap-2 text-sm">
        <Icon aria-hidden className={cn('size-4 shrink-0', color)} />
        <span className="truncate font-medium">{visibleCharacters(name)}</span>
        <span className={cn('ml-auto shrink-0 text-xs', color)}>
          {visibleCharacters(status)}
          {status !== said && <span className="sr-only"> ({said})</span>}
        </span>
      </div>
      {metrics.length > 0 && (
        <dl className="nums mt-2 flex flex-wrap gap-x-4 gap-y-0.5 text-xs">
          {metrics.map(({ label, value }) => (
            <div key={label} className="flex gap-1">
              <dt className="text-muted">{visibleCharacters(label)}</dt>
              <dd>{visibleCharacters(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  )
}
