import type { Service } from '@skein/protocol'
import { AppWindow, Play, RotateCw, ScrollText, Share2, Square } from 'lucide-react'
import { useCommand } from '../api/use-command.ts'
import { ago, duration, memory } from '../checks/amounts.ts'
import { useNow } from '../checks/use-now.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { cn } from '../ui/cn.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { ServiceState } from './service-state.tsx'

interface ServiceCardProps {
  service: Service
  selected: boolean
  onLog: () => void
  onPreview: (port: number) => void
  onShare: (port: number) => void
}

/** One service: how it is and why, and what can be done with it. */
export function ServiceCard({ service, selected, onLog, onPreview, onShare }: ServiceCardProps) {
  const { workspaceId, name, port, state } = service
  const start = useCommand('services.start')
  const stop = useCommand('services.stop')
  const restart = useCommand('services.restart')
  const busy = start.pending || stop.pending || restart.pending
  const up = state === 'running' || state === 'starting' || state === 'unhealthy'
  const named = { workspaceId, name }
  const toggle = () => void (up ? stop.run(named) : start.run(named))
  const again = () => void restart.run(named)
  const group = 'Services'
  useShortcut({ keys: 's', label: 'Start or stop this service', group, when: selected, run: toggle })
  useShortcut({ keys: 'r', label: 'Restart this service', group, when: selected && up, run: again })

  return (
    <li
      className={cn(
        'relative rounded-lg border border-border p-3 transition-colors hover:border-strong',
        selected && 'md:border-strong md:bg-selected',
      )}
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <div className="flex min-w-0 items-center gap-2">
            {/* The whole card opens the log; the buttons lie above it. */}
            <button
              type="button"
              onClick={onLog}
              aria-current={selected}
              className="truncate font-medium text-sm after:absolute after:inset-0 after:rounded-lg"
            >
              {name}
            </button>
            <ServiceState state={state} />
          </div>
          <p className="mt-0.5 truncate text-muted text-xs" title={visibleCharacters(service.because)}>
            {visibleCharacters(service.because)}
          </p>
        </div>
        <div className="relative z-10 flex shrink-0">
          {port !== undefined && up && (
            <IconButton label={`Preview ${name}`} size="sm" onClick={() => onPreview(port)}>
              <AppWindow />
            </IconButton>
          )}
          {port !== undefined && up && (
            <IconButton label={`Share ${name}`} size="sm" onClick={() => onShare(port)}>
              <Share2 />
            </IconButton>
          )}
          {up && (
            <IconButton label={`Restart ${name}`} size="sm" disabled={busy} onClick={again}>
              <RotateCw />
            </IconButton>
          )}
          <IconButton label={up ? `Stop ${name}` : `Start ${name}`} disabled={busy} onClick={toggle}>
            {up ? <Square /> : <Play />}
          </IconButton>
          <IconButton label={`Log of ${name}`} size="sm" onClick={onLog} className="md:hidden">
            <ScrollText />
          </IconButton>
        </div>
      </div>
      <Facts service={service} up={up} />
    </li>
  )
}

function Facts({ service, up }: { service: Service; up: boolean }) {
  const now = useNow()
  const facts: [name: string, value: string][] = []
  if (service.port !== undefined) facts.push(['Port', String(service.port)])
  if (up && service.startedAt !== undefined) facts.push(['Up', duration(Math.max(0, now - service.startedAt))])
  if (!up && service.endedAt !== undefined) facts.push(['Ended', ago(service.endedAt, now)])
  if (up && service.rssBytes !== undefined) facts.push(['Memory', memory(service.rssBytes)])
  if (!up && service.exitCode !== undefined) facts.push(['Exit code', String(service.exitCode)])
  if (service.epoch > 1) facts.push(['Starts', String(service.epoch)])
  if (facts.length === 0) return null
  return (
    <dl className="nums mt-2 flex flex-wrap gap-x-4 gap-y-0.5 text-xs">
      {facts.map(([name, value]) => (
        <div key={name} className="flex gap-1">
          <dt className="text-muted">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
