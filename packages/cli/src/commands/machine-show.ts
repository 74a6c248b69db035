import type { Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findMachine } from '../find-machine.ts'
import { writeJson } from '../json-output.ts'
import { machineRows, monitorRows, resourceRows } from '../render/machine-rows.ts'

/** `skein machine show`: how a machine is, what it has left, and what is there. */
export async function machineShow(name: string, options: { json?: boolean }, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const machine = await findMachine(api, name)
  const workspaces = (await api.call('workspaces.list', {})).filter((one) => one.machine === machine.id)
  // To look is no reason to connect.
  const near = machine.state === 'connected' || machine.id === 'local'
  const resources = near ? await api.call('machines.resources', { machineId: machine.id }) : undefined
  const [{ id: shown } = { id: undefined }] = machine.lifetime === 'workspace' ? workspaces : []
  const { monitored } = shown === undefined ? {} : await api.call('machines.monitor', { workspaceId: shown })
  if (options.json) {
    writeJson(terminal.stdout, { type: 'machine', machine })
    for (const workspace of workspaces) writeJson(terminal.stdout, { type: 'workspace', workspace })
    if (shown !== undefined && monitored) writeJson(terminal.stdout, { type: 'monitor', workspaceId: shown, monitored })
    if (resources) writeJson(terminal.stdout, { type: 'resources', machineId: machine.id, resources })
    return ExitCode.ok
  }
  const names = new Map(workspaces.map((one) => [one.id, `${one.name}  ${one.status.because}`]))
  print(terminal, [
    ...machineRows(machine, names, Date.now()),
    ...(monitored ? monitorRows(monitored) : []),
    ...(resources ? resourceRows(resources, (id) => nameOfProcess(id, workspaces)) : []),
  ])
  return ExitCode.ok
}

/** Whose process that is. */
function nameOfProcess(processId: string, workspaces: readonly Workspace[]): string {
  for (const { id, name, sessions } of workspaces) {
    if (processId === `setup-${id}`) return `set-up of ${name}`
    if (sessions.some((session) => processId === `agent-${session.id}`)) return `agent of ${name}`
  }
  return processId.replace(/-.*/s, '')
}
