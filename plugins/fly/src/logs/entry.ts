/** One line that a machine, or Fly about it, wrote. */
export interface LogLine {
  machine: string
  message: string
  /** Milliseconds; 0: not told. */
  at: number
  stream: 'stdout' | 'stderr'
}

/** Who wrote a line: what runs on the machine, or Fly itself. */
export type LogSource = 'app' | 'platform'

/** Fly's own parts: they tell of the machine, not for it. */
const PLATFORM = new Set(['runner', 'proxy', 'fly', 'machine', 'platform'])

/**
 * An entry as Fly's NATS feed, its log shipper and other shippers write it, with the machine under any of the names in use. Undefined: it
 * names no machine or says nothing.
 */
export function parseEntry(value: unknown): (LogLine & { source: LogSource }) | undefined {
  const entry = record(value)
  if (!entry) return undefined
  const fly = record(entry.fly)
  const machine =
    text(record(fly?.app)?.instance) ??
    text(record(fly?.machine)?.id) ??
    text(entry.instance) ??
    text(entry.machine_id) ??
    text(entry.machine)
  const message = text(entry.message) ?? text(record(entry.log)?.message) ?? text(entry.log) ?? text(entry.msg)
  if (machine === undefined || message === undefined) return undefined
  const source = text(record(entry.event)?.provider) ?? text(entry.provider) ?? text(entry.source) ?? 'app'
  // Who says the stream is believed before who says the source.
  const stream = text(entry.stream) ?? (source === 'stderr' ? 'stderr' : 'stdout')
  return {
    machine,
    message,
    at: timeOf(entry.timestamp ?? entry.time),
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    source: PLATFORM.has(source) ? 'platform' : 'app',
  }
}

export function timeOf(value: unknown): number {
  if (typeof value === 'number') return value > 1e17 ? value / 1e6 : value > 1e14 ? value / 1e3 : value
  if (typeof value !== 'string') return 0
  const parsed = Date.parse(value.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(parsed) ? 0 : parsed
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
