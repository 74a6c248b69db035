import type { MachineInfo } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { machineTable } from '../render/machine-rows.ts'
import { openScreen } from '../render/screen.ts'

export interface MachineLsOptions {
  watch?: boolean
  json?: boolean
}

/** How long ago something was moves without being told of. */
const DRAW_AGAIN_MS = 2_000

/** `skein machine ls`: the machines that are known, how their links are, and what runs there. */
export async function machineLs(options: MachineLsOptions, context: CommandContext): CommandResult {
  if (options.watch) return watch(options, context)
  const { api, terminal } = context
  const machines = await api.call('machines.list', {})
  if (options.json) for (const machine of machines) writeJson(terminal.stdout, { type: 'machine', machine })
  else print(terminal, machineTable(machines, terminal.columns(), Date.now()))
  return ExitCode.ok
}

/** Until Ctrl-C: the table as it changes, or a line for each change. */
async function watch(options: MachineLsOptions, { api, terminal }: CommandContext): CommandResult {
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  const screen = openScreen(terminal)
  const machines = new Map<string, MachineInfo>()
  let ready = false
  const draw = () => {
    if (options.json || !ready) return
    const table = machineTable([...machines.values()], screen.columns - 1, Date.now())
    if (screen.live) screen.draw([], table)
    else screen.draw(table, [])
  }
  const drawing = screen.live ? setInterval(draw, DRAW_AGAIN_MS) : undefined
  try {
    for await (const change of api.subscribe('changes', {}, stop.signal)) {
      if (change.type === 'ready') ready = true
      else if (change.type === 'machine') machines.set(change.machine.id, change.machine)
      else if (change.type === 'machine_gone') machines.delete(change.machineId)
      else continue
      if (change.type !== 'ready' && options.json) writeJson(terminal.stdout, change)
      draw()
    }
  } finally {
    process.off('SIGINT', onInterrupt)
    clearInterval(drawing)
    screen.close()
  }
  return ExitCode.ok
}
