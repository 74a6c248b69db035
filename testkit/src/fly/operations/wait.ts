import { type Call, type Handler, machineOf, ok } from '../http/call.ts'
import { Refusal, refused } from '../http/refusal.ts'
import type { Machine } from '../state/machine.ts'
import type { MachineState } from '../state/shapes.ts'

const WAITABLE = ['started', 'stopped', 'suspended', 'destroyed', 'failed', 'settled']
const SETTLED: readonly MachineState[] = ['started', 'stopped', 'suspended', 'destroyed', 'failed', 'migrated']
const OVER: readonly MachineState[] = ['destroyed', 'failed', 'launch_failed', 'migrated']

export const wait: Record<string, Handler> = {
  async Machines_wait(call) {
    const { world, query } = call
    const wanted = states(query)
    const timeout = seconds(query)
    const machine = machineOf(call)
    const version = query.get('version') ?? query.get('instance_id')
    if (world.behaviour.legacyWait && wanted.includes('stopped') && !query.has('instance_id'))
      throw new Refusal(400, { error: 'invalid_argument: instance_id required when waiting for stopped machine' })
    const from = eventIndex(machine, query.get('from_event_id'))
    const over = new AbortController()
    const signal = AbortSignal.any([call.signal, over.signal])
    const late = world.clock.sleep(timeout * 1000, signal).then(
      () => over.abort(),
      () => undefined,
    )
    try {
      for (;;) {
        const changed = machine.changed(signal)
        if (version !== null && version !== machine.instanceId) throw replaced(machine, version)
        const reached = reachedState(machine, wanted, from)
        if (reached !== undefined)
          return ok({
            ok: true,
            state: reached,
            version: machine.instanceId,
            event_id: machine.events.at(-1)?.id ?? '',
          })
        if (isHopeless(call, machine, wanted)) throw hopeless(machine, wanted)
        if (signal.aborted) throw tooLate(machine, wanted)
        await changed
      }
    } finally {
      over.abort()
      await late
    }
  },
}

/** Of several, any will do. */
function states(query: URLSearchParams): string[] {
  const named = query.getAll('state').flatMap((value) => value.split(','))
  const wanted = named.length === 0 ? ['started'] : named
  const unknown = wanted.find((state) => !WAITABLE.includes(state))
  if (unknown !== undefined) throw refused('invalid_argument', `invalid WaitMachineRequest.State: ${unknown}`)
  return wanted
}

function seconds(query: URLSearchParams): number {
  const value = query.get('timeout') ?? '60'
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > 60)
    throw refused('invalid_argument', 'invalid WaitMachineRequest.Timeout: value must be inside range [1s, 1m0s]')
  return number
}

/** How many events there were, the named one included; 0 if none is named, so that the state of now counts. */
function eventIndex(machine: Machine, id: string | null): number | undefined {
  if (id === null) return undefined
  const index = machine.events.findIndex((event) => event.id === id)
  if (index < 0) throw refused('invalid_argument', `unknown from_event_id ${id}`)
  return index + 1
}

function reachedState(machine: Machine, wanted: readonly string[], from: number | undefined): MachineState | undefined {
  const fits = (state: MachineState) =>
    wanted.includes(state) || (wanted.includes('settled') && SETTLED.includes(state))
  if (from === undefined) return fits(machine.state) ? machine.state : undefined
  return machine.transitions.find(({ state, event }) => event > from && fits(state))?.state
}

function isHopeless({ world }: Call, { state, launching }: Machine, wanted: readonly string[]): boolean {
  if (OVER.includes(state)) return true
  const rests = ['stopped', 'suspended', 'destroying'].includes(state) || (state === 'created' && !launching)
  return world.behaviour.refuseHopelessWaits && rests && wanted.every((one) => one === 'started')
}

function replaced(machine: Machine, version: string): Refusal {
  return refused('invalid_argument', `machine version ${version} was replaced by ${machine.instanceId}`)
}

function hopeless(machine: Machine, wanted: readonly string[]): Refusal {
  return refused('invalid_argument', `machine is ${machine.state} and not heading to ${wanted.join(', ')}`)
}

function tooLate(machine: Machine, wanted: readonly string[]): Refusal {
  const message = `machine failed to reach desired state, ${wanted.join(', ')}, currently ${machine.state}`
  return refused('deadline_exceeded', message)
}
