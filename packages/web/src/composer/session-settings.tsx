import type { AgentInfo, PermissionMode, Session } from '@skein/protocol'
import { ListChecks, SlidersHorizontal } from 'lucide-react'
import { useState } from 'react'
import { useApiQuery } from '../api/query.ts'
import { type CommandParams, useCommand } from '../api/use-command.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Popover, PopoverContent, PopoverTrigger } from '../ui/popover.tsx'
import { Choose } from './choose.tsx'
import type { ModelOffer } from './offers.ts'

/** What the agents of this server can do. */
export function useAgents(): readonly AgentInfo[] | undefined {
  return useApiQuery('agents.list', {}, { staleTime: Number.POSITIVE_INFINITY }).data
}

/** Model, effort and permission mode of a session, and the switch for planning. */
export function SessionSettings({ session, models }: { session: Session; models: readonly ModelOffer[] }) {
  const agent = useAgents()?.find(({ kind }) => kind === session.agent)
  const configure = useCommand('sessions.configure')
  /** Shown at once; the server's word replaces it. */
  const [wanted, setWanted] = useState<Partial<Session>>({})
  const { model, effort, permissionMode } = { ...session, ...wanted }
  const [before, setBefore] = useState<PermissionMode>('sandboxed')
  const set = async (change: Omit<CommandParams<'sessions.configure'>, 'sessionId' | 'environment'>) => {
    const shown = Object.entries(change).map(([name, value]) => [name, value ?? undefined])
    setWanted({ ...wanted, ...Object.fromEntries(shown) })
    await configure.run({ sessionId: session.id, ...change })
    setWanted({})
  }
  const planning = permissionMode === 'plan'
  const togglePlan = () => {
    if (!planning) setBefore(permissionMode)
    void set({ permissionMode: planning ? before : 'plan' })
  }
  useShortcut({
    ...{ keys: 'alt+p', label: planning ? 'Stop planning first' : 'Plan first', group: 'Session' },
    ...{ when: agent?.capabilities.plans === true, run: togglePlan },
  })

  const modelChoice = (
    <Choose
      label="Model"
      placeholder="Model"
      value={model}
      options={models.map(({ id, name, description }) => ({ id, name, detail: description }))}
      own={models.some(({ id }) => id === OWN_MODEL) ? undefined : OWN_CHOICE}
      onChoose={(id) => void set({ model: id })}
      onOwn={() => void set({ model: null })}
    />
  )
  const effortChoice = (
    <Choose
      label="Effort"
      placeholder="Effort"
      value={effort}
      options={(agent?.capabilities.efforts ?? []).map((id) => ({ id, name: effortName(id) }))}
      own={OWN_CHOICE}
      onChoose={(id) => void set({ effort: id })}
      onOwn={() => void set({ effort: null })}
    />
  )
  return (
    <>
      {agent?.capabilities.plans && (
        <Button size="sm" variant="ghost" aria-pressed={planning} className="max-sm:px-1.5" onClick={togglePlan}>
          <ListChecks aria-hidden />
          <span className="max-sm:sr-only">Plan</span>
        </Button>
      )}
      <Choose
        label="Permission mode"
        placeholder="Mode"
        value={permissionMode}
        options={(agent?.capabilities.modes ?? []).map(({ id, name, description }) => ({
          id,
          name,
          detail: description,
        }))}
        onChoose={(id) => {
          const mode = agent?.capabilities.modes.find((each) => each.id === id)
          if (mode) void set({ permissionMode: mode.id })
        }}
      />
      <span className="contents max-sm:hidden">
        {modelChoice}
        {effortChoice}
      </span>
      <Popover>
        <PopoverTrigger asChild>
          <IconButton label="Model and effort" side="top" className="sm:hidden">
            <SlidersHorizontal />
          </IconButton>
        </PopoverTrigger>
        <PopoverContent aria-label="Model and effort" side="top" className="flex w-56 flex-col gap-1">
          {modelChoice}
          {effortChoice}
        </PopoverContent>
      </Popover>
    </>
  )
}

const OWN_CHOICE = 'The agent’s own choice'
/** An agent whose list begins with its own choice names it so. */
const OWN_MODEL = 'default'

const EFFORTS: Record<string, string> = { xhigh: 'Extra high', max: 'Maximum' }
/** The name of an agent's effort. */
export const effortName = (id: string) => EFFORTS[id] ?? id.charAt(0).toUpperCase() + id.slice(1)
