import type { Service } from '@skein/protocol'
import { useQuery } from '@tanstack/react-query'
import { AppWindow } from 'lucide-react'
import { useApi } from '../api/context.tsx'
import { Button } from '../ui/button.tsx'

interface PortListProps {
  workspaceId: string
  services: readonly Service[]
  onPreview: (port: number, title: string) => void
}

/** Ports on which something of the workspace listens beside its services: what an agent or a terminal started. */
export function PortList({ workspaceId, services, onPreview }: PortListProps) {
  const api = useApi()
  const ports = useQuery({
    queryKey: ['ports.list', workspaceId, services.map((service) => service.state).join()],
    queryFn: ({ signal }) => api.call('ports.list', { workspaceId }, signal),
    refetchInterval: 10_000,
    placeholderData: (before) => before,
  })
  const known = new Set(services.flatMap((service) => (service.port === undefined ? [] : [service.port])))
  const others = (ports.data ?? []).filter(({ port }) => !known.has(port))
  if (others.length === 0) return null
  return (
    <section aria-label="Other open ports" className="mx-auto max-w-xl px-3 pb-4">
      <h2 className="px-1 pt-2 pb-1 font-medium text-muted text-xs">Other open ports</h2>
      <ul>
        {others.map(({ port, by }) => (
          <li key={port} className="flex items-center gap-2 rounded-md py-0.5 pr-1 pl-3 hover:bg-hover">
            <span className="nums text-sm">{port}</span>
            <span className="min-w-0 flex-1 truncate text-muted text-xs">{by ?? ''}</span>
            <Button size="sm" variant="ghost" onClick={() => onPreview(port, by ?? `port ${port}`)}>
              <AppWindow aria-hidden className="size-3.5" />
              Preview<span className="sr-only"> port {port}</span>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}
