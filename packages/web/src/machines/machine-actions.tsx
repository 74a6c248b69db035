import type { MachineInfo } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { Play, Plug, Plus, Settings2, Square, Stethoscope, Terminal, Trash2 } from 'lucide-react'
import { useApi } from '../api/context.tsx'
import { useCommand } from '../api/use-command.ts'
import { Button } from '../ui/button.tsx'
import { confirm } from '../ui/confirm.tsx'
import { toast, toastError } from '../ui/toast.tsx'
import { shellLine } from './amounts.ts'

interface MachineActionsProps {
  machine: MachineInfo
  label: string
  onDiagnose(): void
  onSettings(): void
}

/** What can be done with a machine, as it is now. */
export function MachineActions({ machine, label, onDiagnose, onSettings }: MachineActionsProps) {
  const api = useApi()
  const start = useCommand('machines.start')
  const stop = useCommand('machines.stop')
  const { id, state, lifetime, workspaces } = machine
  const local = id === 'local'
  const down = state === 'stopped'
  const copyShell = () =>
    api
      .call('machines.shell', { machineId: id })
      .then((shell) => navigator.clipboard.writeText(shellLine(shell)))
      .then(() => toast.success('The command is copied', { description: `Paste it into a terminal of yours.` }))
      .catch(toastError)
  return (
    <div className="flex flex-wrap gap-2">
      {state !== 'connected' && (
        <Button
          size="sm"
          variant={state === 'idle' ? 'secondary' : 'primary'}
          disabled={start.pending || state === 'connecting'}
          onClick={() => void start.run({ machineId: id })}
        >
          {down ? <Play /> : <Plug />}
          {start.pending
            ? down
              ? 'Starting…'
              : 'Connecting…'
            : down
              ? 'Start'
              : state === 'idle'
                ? 'Connect'
                : 'Try now'}
        </Button>
      )}
      {!down && lifetime === 'shared' && (
        <Button size="sm" asChild>
          <Link to="/new" search={{ on: id }}>
            <Plus />
            New workspace
          </Link>
        </Button>
      )}
      {local && (
        <Button size="sm" asChild>
          <Link to="/doctor">
            <Stethoscope />
            Doctor
          </Link>
        </Button>
      )}
      {!local && !down && (
        <Button size="sm" onClick={onDiagnose}>
          <Stethoscope />
          Diagnose
        </Button>
      )}
      {!local && !down && (
        <Button size="sm" onClick={() => void copyShell()}>
          <Terminal />
          Copy shell command
        </Button>
      )}
      {lifetime === 'workspace' && !down && (
        <Button
          size="sm"
          disabled={stop.pending}
          onClick={() => void askedStop(label, () => stop.run({ machineId: id }))}
        >
          <Square />
          {stop.pending ? 'Stopping…' : 'Stop'}
        </Button>
      )}
      {!local && lifetime === 'shared' && (
        <Button size="sm" onClick={onSettings}>
          <Settings2 />
          Settings
        </Button>
      )}
      {!local && workspaces.length === 0 && <RemoveButton machine={machine} label={label} />}
    </div>
  )
}

/** Forgets a machine that has no workspaces. */
export function RemoveButton({ machine, label }: { machine: MachineInfo; label: string }) {
  const remove = useCommand('machines.remove')
  const destroys = machine.lifetime === 'workspace' && !machine.template
  const ask = async () => {
    const sure = await confirm({
      title: destroys ? `Destroy ${label}?` : `Forget ${label}?`,
      description: destroys
        ? 'Nothing of Skein’s is on it any more.'
        : 'Skein forgets its name and settings. What is there stays as it is.',
      action: destroys ? 'Destroy' : 'Forget',
      danger: destroys,
    })
    if (sure) await remove.run({ machineId: machine.id })
  }
  return (
    <Button size="sm" disabled={remove.pending} onClick={() => void ask()}>
      <Trash2 />
      {remove.pending ? 'Removing…' : 'Remove'}
    </Button>
  )
}

async function askedStop(label: string, stop: () => Promise<unknown>): Promise<void> {
  const sure = await confirm({
    title: `Stop ${label}?`,
    description: 'Agents there end, and are resumed when it is started again. Its files stay.',
    action: 'Stop',
  })
  if (sure) await stop()
}
