import type { Fault } from '../faults.ts'
import type { MachineEvent } from '../state/shapes.ts'

/** The answer with the events of its machines late, lost, twice, or in another order. */
export function withEventFault(json: unknown, fault: Fault | undefined, now: number): unknown {
  if (fault === undefined || !fault.kind.startsWith('events-')) return json
  const change = (events: readonly MachineEvent[]) => changed(events, fault, now)
  if (!Array.isArray(json)) return hasEvents(json) ? { ...json, events: change(json.events) } : json
  if (json.every(isEvent)) return change(json)
  return json.map((one: unknown) => withEventFault(one, fault, now))
}

function changed(events: readonly MachineEvent[], fault: Fault, now: number): MachineEvent[] {
  if (fault.kind === 'events-delayed')
    return events.filter(({ timestamp }) => timestamp <= now - (fault.delayMs ?? 1_000))
  if (fault.kind === 'events-missing') return events.filter(({ type }) => type !== 'exit')
  if (fault.kind === 'events-duplicated') return events.flatMap((event) => [event, event])
  return events.toReversed()
}

function hasEvents(json: unknown): json is { events: MachineEvent[] } {
  return typeof json === 'object' && json !== null && 'events' in json
}

function isEvent(json: unknown): json is MachineEvent {
  return typeof json === 'object' && json !== null && 'type' in json && 'timestamp' in json
}
