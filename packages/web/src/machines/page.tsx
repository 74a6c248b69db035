import type { MachineInfo } from '@skein/protocol'
import { Plus } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useLive, useMachines, useWorkspaces } from '../api/live.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { PageHeader } from '../shell/page-header.tsx'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { MachineCard } from './machine-card.tsx'
import { MachineDialog } from './machine-dialog.tsx'
import { useKeptRoundTrips } from './round-trips.ts'
import { TemplateRow } from './template-row.tsx'

/** Where workspaces can be, how those machines are, and what runs there. */
export function MachinesPage() {
  const ready = useLive((live) => live.ready)
  const error = useLive((live) => live.error)
  const machines = useMachines()
  const [adding, setAdding] = useState(false)
  useKeptRoundTrips()
  useShortcut({ keys: 'a', label: 'Add a machine', group: 'Machines', run: () => setAdding(true) })
  if (error !== undefined && machines.length === 0)
    return <ErrorState error={error} title="The machines could not be read" className="my-auto" />
  if (!ready && machines.length === 0) return <SkeletonLines lines={8} className="mx-auto w-full max-w-4xl p-8" />
  const add = (
    <Button variant="primary" onClick={() => setAdding(true)}>
      <Plus />
      Add a machine
      <Kbd keys="a" className="text-inherit max-md:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent" />
    </Button>
  )
  const templates = machines.filter(({ template }) => template)
  // Those that wait are told of with their settings, unless something is wrong with one.
  const real = machines.filter(({ template, pool, problem }) => !template && (!pool || problem !== undefined))
  const own = real.filter(({ lifetime }) => lifetime === 'workspace')
  const shared = real.filter(({ lifetime }) => lifetime === 'shared')
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-4xl pb-16">
        <PageHeader title="Machines" actions={add}>
          {said(real)}
        </PageHeader>
        <div className="space-y-8 px-4 pt-2 sm:px-8">
          <Cards title="For many workspaces" machines={shared} />
          {own.length > 0 && <Cards title="Made for a workspace" machines={own} />}
          {templates.length > 0 && (
            <Section title="Settings for machines that are made for a workspace">
              <ul className="divide-y rounded-lg border bg-surface">
                {templates.map((machine) => (
                  <TemplateRow key={machine.id} machine={machine} />
                ))}
              </ul>
            </Section>
          )}
          {machines.length <= 1 && (
            <EmptyState title="Agents can work elsewhere too" className="py-8" action={add}>
              On a host that you reach by ssh, in a container, on whatever your own scripts make. They work on there
              while this computer sleeps.
            </EmptyState>
          )}
        </div>
      </div>
      {adding && <MachineDialog onClose={() => setAdding(false)} />}
    </div>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 className="mb-2 font-medium text-muted text-sm">{title}</h2>
      {children}
    </section>
  )
}

function Cards({ title, machines }: { title: string; machines: readonly MachineInfo[] }) {
  const workspaces = useWorkspaces()
  return (
    <Section title={title}>
      <div className="space-y-3">
        {machines.map((machine) => (
          <MachineCard
            key={machine.id}
            machine={machine}
            workspaces={workspaces.filter(({ machine: at }) => at === machine.id)}
          />
        ))}
      </div>
    </Section>
  )
}

function said(machines: readonly MachineInfo[]): string {
  const connected = machines.filter(({ state }) => state === 'connected').length
  const lost = machines.filter(({ state }) => state === 'reconnecting' || state === 'unreachable').length
  const running = machines.reduce((sum, machine) => sum + machine.running, 0)
  return [
    `${connected} of ${machines.length} connected`,
    ...(lost > 0 ? [`${lost} out of reach`] : []),
    `${running} ${running === 1 ? 'agent process' : 'agent processes'}`,
  ].join(', ')
}
