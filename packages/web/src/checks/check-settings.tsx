import type { Check } from '@skein/protocol'
import { useId } from 'react'
import { useCommand } from '../api/use-command.ts'
import { Switch } from '../ui/switch.tsx'

/** Whether a check runs after each turn, and how often a failure goes to the agent by itself. */
export function CheckSettings({ check }: { check: Check }) {
  const { workspaceId, name, afterTurn, fixRounds } = check
  const configure = useCommand('checks.configure')
  const id = useId()
  const set = (change: { afterTurn?: boolean; fixRounds?: number }) =>
    void configure.run({ workspaceId, name, ...change })
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2 text-sm">
      <label htmlFor={`${id}-turn`} className="flex items-center gap-2">
        <Switch
          id={`${id}-turn`}
          checked={afterTurn}
          disabled={configure.pending}
          onCheckedChange={(on) => set({ afterTurn: on })}
        />
        After each turn
      </label>
      <label htmlFor={`${id}-fix`} className="flex items-center gap-2">
        Send failures to the agent by itself
        <select
          id={`${id}-fix`}
          value={fixRounds}
          disabled={configure.pending}
          onChange={(event) => set({ fixRounds: Number(event.target.value) })}
          className="field py-1 text-sm"
        >
          <option value={0}>never</option>
          {Array.from({ length: 10 }, (_, i) => i + 1).map((rounds) => (
            <option key={rounds} value={rounds}>
              {rounds === 1 ? 'once' : `up to ${rounds} times`}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
