import { bodyOf, flag, type Handler, machineOf, machineToChange, ok } from '../http/call.ts'
import { Refusal, refused } from '../http/refusal.ts'
import { checkRoom } from '../state/capacity.ts'
import { milliseconds } from '../state/lifecycle.ts'
import type { Machine } from '../state/machine.ts'
import type { World } from '../state/world.ts'

export const lifecycle: Record<string, Handler> = {
  Machines_start(call) {
    const machine = machineToChange(call)
    const previous = machine.state
    const answer = ok({ previous_state: previous, migrated: false, new_host: '' })
    if (previous === 'started') return answer
    checkStartable(call.world, machine)
    if (previous !== 'suspending') checkRoom(call, { region: machine.region, config: machine.config, creating: false })
    if (call.fault?.kind === 'clock-skew') machine.clockSkewMs = call.fault.delayMs ?? 60_000
    call.life.start(machine)
    return answer
  },

  Machines_stop(call) {
    const machine = machineToChange(call)
    const { signal, timeout } = bodyOf<{ signal?: NodeJS.Signals; timeout?: unknown }>(call)
    const graceMs = timeout === undefined ? undefined : milliseconds(timeout)
    if (timeout !== undefined && graceMs === undefined)
      throw new Refusal(400, { error: `invalid_argument: invalid timeout: time: invalid duration "${timeout}"` })
    if (machine.state === 'stopping') machine.nudge()
    if (['stopped', 'stopping'].includes(machine.state)) return ok()
    if (!['starting', 'started', 'suspended', 'suspending', 'restarting'].includes(machine.state) || machine.launching)
      throw refused('failed_precondition', `unable to stop machine from current state: '${machine.state}'`)
    if (call.fault?.kind === 'stuck-stopping')
      machine.stickIn('stopping', { ms: call.fault.delayMs, calls: call.fault.calls })
    call.life.stop(machine, { signal, graceMs })
    return ok()
  },

  Machines_restart(call) {
    const machine = machineToChange(call)
    const signal = call.query.get('signal') as NodeJS.Signals | null
    const timeout = call.query.get('timeout')
    if (!['started', 'stopped', 'failed'].includes(machine.state))
      throw refused('failed_precondition', `unable to restart machine from current state: '${machine.state}'`)
    const graceMs = flag(call.query, 'force_stop') ? 0 : timeout === null ? undefined : milliseconds(timeout)
    call.life.restart(machine, { signal: signal ?? undefined, graceMs })
    return ok()
  },

  Machines_suspend(call) {
    const machine = machineToChange(call)
    if (machine.state === 'suspended' || machine.state === 'suspending') return ok()
    if (machine.state !== 'started' || machine.box === undefined)
      throw refused('failed_precondition', `unable to suspend machine from current state: '${machine.state}'`)
    call.life.suspend(machine)
    return ok()
  },

  Machines_signal(call) {
    const machine = machineToChange(call)
    const { signal = 'SIGTERM' } = bodyOf<{ signal?: NodeJS.Signals }>(call)
    running(machine).signal(signal)
    return ok()
  },

  async Machines_exec(call) {
    const machine = machineToChange(call)
    const body = bodyOf<{ command?: string[]; cmd?: string; stdin?: string; timeout?: number }>(call)
    const argv = body.command ?? words(body.cmd ?? '')
    const box = running(machine)
    if (argv.length === 0) throw refused('invalid_argument', 'command is required')
    const timeout = call.world.clock.sleep((body.timeout ?? 30) * 1000, call.signal)
    const late = new AbortController()
    timeout.then(
      () => late.abort(refused('deadline_exceeded', 'command timed out')),
      () => late.abort(call.signal.reason),
    )
    const limit = call.world.behaviour.execOutputLimit
    const signal = AbortSignal.any([late.signal, call.world.closing])
    const result = await box.exec({ argv, stdin: body.stdin, signal, limit })
    return ok({ exit_code: result.code, exit_signal: result.signal, stdout: result.stdout, stderr: result.stderr })
  },

  async Machines_list_processes(call) {
    const found = await running(machineOf(call)).processes()
    const shown = found.map(({ pid, command, rssBytes }) => ({
      pid,
      command,
      directory: '/',
      cpu: 0,
      rss: rssBytes,
      rtime: 0,
      stime: 0,
      listen_sockets: [],
    }))
    return ok(call.query.get('order') === 'desc' ? shown.reverse() : shown)
  },

  async Machines_get_memory(call) {
    return ok(await memory(machineOf(call)))
  },

  async Machines_set_memory_limit(call) {
    const machine = machineToChange(call)
    const { limit_mb: limit } = bodyOf<{ limit_mb?: number }>(call)
    if (limit === undefined || limit < 1) throw refused('invalid_argument', 'invalid limit_mb')
    machine.config.guest = { ...machine.config.guest, memory_mb: limit }
    return ok(await memory(machine))
  },

  Machines_reclaim_memory(call) {
    running(machineToChange(call))
    return ok({ actual_mb: 0 })
  },
}

/** Why a machine cannot be started, if it cannot. */
function checkStartable({ clock, behaviour }: World, machine: Machine): void {
  const { state } = machine
  if (state === 'replacing' || state === 'updating')
    throw refused('failed_precondition', 'machine getting replaced, refusing to start')
  if (state === 'starting' || state === 'restarting')
    throw refused('failed_precondition', 'machine still attempting to start')
  const launches = state === 'created' && machine.launching
  if (launches || !['created', 'stopped', 'suspended', 'suspending', 'failed'].includes(state))
    throw refused('failed_precondition', `unable to start machine from current state: '${state}'`)
  if (state === 'stopped' && clock.now() < machine.stoppedAt + behaviour.activeAfterStopMs)
    throw refused('failed_precondition', 'machine still active, refusing to start')
}

function running(machine: Machine): NonNullable<Machine['box']> {
  if (machine.state !== 'started' || machine.box === undefined)
    throw refused('failed_precondition', 'machine not running')
  return machine.box
}

async function memory(machine: Machine): Promise<{ limit_mb: number; available_mb: number }> {
  const used = (await machine.box?.processes())?.reduce((sum, { rssBytes }) => sum + rssBytes, 0) ?? 0
  return { limit_mb: machine.memoryMb, available_mb: Math.max(0, machine.memoryMb - Math.ceil(used / 1024 / 1024)) }
}

/** No shell: quotes hold words together, and nothing else means anything. */
export function words(command: string): string[] {
  const found = command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)
  return [...found].map(([, single, double, plain]) => single ?? double ?? plain ?? '')
}
