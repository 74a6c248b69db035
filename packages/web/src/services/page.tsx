import type { Service } from '@skein/protocol'
import { Server } from 'lucide-react'
import { useState } from 'react'
import { useServices, useWorkspace } from '../api/live.ts'
import { CopyableCode } from '../checks/copyable-code.tsx'
import { TrustPanel } from '../checks/trust-panel.tsx'
import { useShortcut } from '../keys/use-shortcut.ts'
import { cn } from '../ui/cn.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Monitor } from './monitor.tsx'
import { PortList } from './port-list.tsx'
import { type Opened, Preview } from './preview.tsx'
import { ServiceCard } from './service-card.tsx'
import { ServiceLog } from './service-log.tsx'
import { ShareDialog } from './share-dialog.tsx'
import { ShareList } from './share-list.tsx'
import { useShares } from './use-shares.ts'

/** What runs for a workspace: its services with state and log, the ports that are open, and what they show. */
export function ServicesPage({ workspaceId }: { workspaceId: string }) {
  const workspace = useWorkspace(workspaceId)
  const { items: services, loading, error, reload } = useServices(workspaceId)
  const [chosen, setChosen] = useState<string>()
  const [preview, setPreview] = useState<Opened>()
  const [sharing, setSharing] = useState<Opened>()
  const shared = useShares(workspaceId).length > 0
  /** On a narrow screen the list and what it opened take turns. */
  const [open, setOpen] = useState(false)
  const selected = services.find((service) => service.name === chosen) ?? worst(services)
  const some = services.length > 0

  const move = (by: number) => {
    const at = services.findIndex((service) => service.name === selected?.name)
    const next = services[Math.max(0, Math.min(services.length - 1, at + by))]
    if (next) setChosen(next.name)
  }
  const showPreview = (port: number, title: string) => {
    setPreview({ port, title })
    setOpen(true)
  }
  const group = 'Services'
  useShortcut({ keys: 'j', label: 'Next service', group, when: some, run: () => move(1) })
  useShortcut({ keys: 'k', label: 'Previous service', group, when: some, run: () => move(-1) })
  useShortcut({
    keys: 'p',
    label: 'Preview this service',
    group,
    when: selected?.port !== undefined && isUp(selected),
    run: () => selected?.port !== undefined && showPreview(selected.port, selected.name),
  })

  if (loading && !some) return <ServicesSkeleton />
  return (
    <div className="flex h-full min-h-0 flex-col">
      {workspace && <TrustPanel workspace={workspace} what="services" />}
      <div
        className={cn(
          'grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)]',
          (some || preview) && 'md:grid-cols-[minmax(18rem,24rem)_minmax(0,1fr)]',
        )}
      >
        <div className={cn('min-h-0 overflow-y-auto', (some || preview) && 'md:border-r', open && 'max-md:hidden')}>
          <Monitor workspaceId={workspaceId} />
          {some ? (
            <ul aria-label="Services" className="space-y-2 p-3">
              {services.map((service) => (
                <ServiceCard
                  key={service.name}
                  service={service}
                  selected={service.name === selected?.name && !preview}
                  onLog={() => {
                    setChosen(service.name)
                    setPreview(undefined)
                    setOpen(true)
                  }}
                  onPreview={(port) => showPreview(port, service.name)}
                  onShare={(port) => setSharing({ port, title: service.name })}
                />
              ))}
            </ul>
          ) : error !== undefined ? (
            <ErrorState error={error} title="The services could not be read" retry={reload} />
          ) : (
            <NoServices />
          )}
          <PortList workspaceId={workspaceId} services={services} onPreview={showPreview} />
          {shared && <ShareList workspaceId={workspaceId} />}
        </div>
        <div className={cn('min-h-0 min-w-0', !open && 'max-md:hidden', !some && !preview && 'hidden')}>
          {preview ? (
            <Preview
              key={preview.port}
              workspaceId={workspaceId}
              {...preview}
              onShare={() => setSharing(preview)}
              onClose={() => {
                setPreview(undefined)
                setOpen(false)
              }}
            />
          ) : (
            selected && <ServiceLog key={selected.name} service={selected} onBack={() => setOpen(false)} />
          )}
        </div>
      </div>
      {sharing && <ShareDialog workspaceId={workspaceId} {...sharing} onClose={() => setSharing(undefined)} />}
    </div>
  )
}

export const isUp = (service: Service): boolean =>
  service.state === 'running' || service.state === 'starting' || service.state === 'unhealthy'

/** What a person should look at first. */
function worst(services: readonly Service[]): Service | undefined {
  return (
    services.find((service) => service.state === 'failed' || service.state === 'unhealthy') ??
    services.find(isUp) ??
    services[0]
  )
}

const EXAMPLE = `{
  "services": {
    "web": { "run": "npm run dev -- --port $SKEIN_PORT", "port": 0 },
    "worker": "node worker.ts"
  }
}`

function NoServices() {
  return (
    <div className="pb-8">
      <EmptyState icon={Server} title="No services yet" className="pb-4">
        A service is a program that runs for as long as you work: a dev server, a database. Put it into{' '}
        <code className="font-mono text-sm">skein.json</code> in the root of the repository, and commit it. Each
        workspace has ten ports of its own, from <code className="font-mono text-sm">$SKEIN_PORT</code> on.
      </EmptyState>
      <CopyableCode code={EXAMPLE} label="the example" className="mx-4 max-w-xl sm:mx-auto" />
    </div>
  )
}

function ServicesSkeleton() {
  return (
    <div role="status" aria-label="Services are being read" className="space-y-3 p-4">
      {[1, 2, 3].map((row) => (
        <Skeleton key={row} className="h-20 max-w-96" />
      ))}
    </div>
  )
}
