import type { Service } from '@skein/protocol'
import { ArrowLeft } from 'lucide-react'
import { useApi } from '../api/context.tsx'
import { LogView } from '../checks/log-view.tsx'
import { useLog } from '../checks/use-log.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { ServiceState } from './service-state.tsx'

/** What a service has printed since its last start. */
export function ServiceLog({ service, onBack }: { service: Service; onBack: () => void }) {
  const { workspaceId, name, epoch, state } = service
  const api = useApi()
  const log = useLog(`${workspaceId} ${name} ${epoch}`, (signal) =>
    api.subscribe('services.log', { workspaceId, name }, signal),
  )
  return (
    <div className="flex h-full min-h-0 flex-col gap-3 p-4">
      <header className="flex items-start gap-2">
        <IconButton label="Back to all services" onClick={onBack} className="-ml-2 md:hidden">
          <ArrowLeft />
        </IconButton>
        <div className="min-w-0 flex-1">
          <h2 className="flex items-center gap-3 font-semibold text-base">
            <span className="truncate">{name}</span>
            <ServiceState state={state} />
          </h2>
          <p className="font-mono text-muted text-xs [overflow-wrap:anywhere]">{service.run}</p>
        </div>
      </header>
      <LogView
        log={log}
        label={`Log of ${name}`}
        quiet={epoch === 0 ? 'It was not started yet.' : 'Nothing was printed yet.'}
        className="flex-1"
      />
    </div>
  )
}
