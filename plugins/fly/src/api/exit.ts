import type { FlyEvent } from './shapes.ts'

/** How a machine ended, as Fly tells it. */
export interface MachineExit {
  /** `unknown`: Fly says that it ended, or nothing at all, but not how. That is no success. */
  outcome: 'exited' | 'unknown'
  /** Of the process inside where Fly knows it, else of the VM. */
  code: number | undefined
  signal: number | undefined
  outOfMemory: boolean
  /** Somebody asked for it. */
  requested: boolean
  /** Fly starts it again. */
  restarting: boolean
  /** Milliseconds. */
  at: number | undefined
  /** What Fly says went wrong. */
  error: string | undefined
}

const UNKNOWN: MachineExit = {
  outcome: 'unknown',
  code: undefined,
  signal: undefined,
  outOfMemory: false,
  requested: false,
  restarting: false,
  at: undefined,
  error: undefined,
}

/**
 * The newest exit since the machine's newest start, from its events in any order and any of the forms in which Fly has sent them
 * (`MonitorEvent`, `monitor_event` or neither around `exit_event`; integer or RFC 3339 times; members left out).
 */
export function lastExit(events: readonly FlyEvent[] | null | undefined): MachineExit {
  const ordered = [...(events ?? [])].sort(
    (a, b) => b.timestamp - a.timestamp || (b.id ?? '').localeCompare(a.id ?? ''),
  )
  const started = ordered.find(({ type }) => type === 'start')
  const exits = ordered.filter(({ type, timestamp }) => type === 'exit' && timestamp >= (started?.timestamp ?? 0))
  // Of several that tell of one end, one that says how is better than one that does not.
  const told = exits.map((event) => ({ event, exit: exitOf(event) }))
  const newest = told.find(({ exit }) => exit !== undefined)
  if (newest?.exit) return newest.exit
  return exits[0] ? { ...UNKNOWN, at: exits[0].timestamp || undefined } : UNKNOWN
}

function exitOf({ request, timestamp }: FlyEvent): MachineExit | undefined {
  const monitor = record(request?.MonitorEvent) ?? record(request?.monitor_event)
  const said = record(monitor?.exit_event) ?? record(request?.exit_event)
  if (!said) return undefined
  if (Object.keys(said).length === 0) return undefined
  const outOfMemory = said.oom_killed === true
  // Members with the value 0 or false may be left out; the VM's own code counts where the process's is not told.
  const code = number(said.guest_exit_code) ?? number(said.exit_code) ?? 0
  const signal = [number(said.guest_signal), number(said.signal)].find((one) => one !== undefined && one > 0)
  return {
    outcome: 'exited',
    code: outOfMemory && code === 0 ? number(said.exit_code) || 137 : code,
    signal,
    outOfMemory,
    requested: said.requested_stop === true,
    restarting: said.restarting === true,
    at: timeOf(said.exited_at) ?? (timestamp || undefined),
    error: [said.guest_error, said.error].find((one): one is string => typeof one === 'string' && one !== ''),
  }
}

/** Milliseconds, or RFC 3339 with nanoseconds. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  const parsed = Date.parse(value.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(parsed) ? undefined : parsed
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

const SIGNALS: Record<number, string> = { 2: 'SIGINT', 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' }

/** In a sentence. */
export function exitText(exit: MachineExit): string {
  if (exit.outcome === 'unknown') return 'Fly.io does not say how it ended'
  if (exit.outOfMemory) return 'its memory was used up (out of memory)'
  const signal = exit.signal ?? ((exit.code ?? 0) > 128 ? (exit.code ?? 0) - 128 : undefined)
  const how = signal === undefined ? `exit code ${exit.code}` : `${SIGNALS[signal] ?? `signal ${signal}`}`
  const why = exit.requested ? ', because somebody stopped it' : ''
  return `it ended with ${how}${why}${exit.error ? `: ${exit.error}` : ''}`
}
