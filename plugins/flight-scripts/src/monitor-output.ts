import { SkeinError } from '@skein/plugin-api'
import { byHealth, type FlightHealth, healthOf, isHealth } from './health.ts'

/** One card of what `.flight/monitor` tells. */
export interface FlightService {
  name: string
  status: string
  health: FlightHealth
  metrics: { label: string; value: string }[]
}

/**
 * The services in what a monitor script printed: an array, or `{"services": […]}`, possibly after lines of log. Worst first.
 * Throws `invalid` if there is no such thing, or if one service is not as it must be.
 */
export function parseMonitorOutput(text: string): FlightService[] {
  const services = servicesIn(text)
  if (!services)
    throw new SkeinError('invalid', `reading the monitor script's answer: no list of services in ${quoted(text)}`, {
      next: 'It must print a JSON array of services, or {"services": […]}; see docs/flight.md.',
    })
  return byHealth(services.map(toService))
}

function servicesIn(text: string): unknown[] | undefined {
  const lines = text.split('\n')
  const starts = lines.flatMap((line, index) => (/^\s*[[{]/.test(line) ? [index] : [])).reverse()
  const [last] = starts
  const attempts = [text, ...(last === undefined ? [] : [lines[last] ?? ''])]
  // What is printed over several lines begins in the first column.
  for (const start of starts) if (/^[[{]/.test(lines[start] ?? '')) attempts.push(lines.slice(start).join('\n'))
  for (const attempt of attempts.slice(0, 50)) {
    const found = listIn(attempt)
    if (found) return found
  }
  return undefined
}

function listIn(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value
    if (isObject(value) && Array.isArray(value.services)) return value.services
  } catch {
    // Log lines, or a part of something larger.
  }
  return undefined
}

function toService(value: unknown, index: number): FlightService {
  const wrong = (what: string) =>
    new SkeinError('invalid', `reading the monitor script's answer: service ${index + 1} ${what}: ${quoted(value)}`, {
      next: 'A service has a name, and may have status, health (healthy, warning, critical) and metrics.',
    })
  if (!isObject(value)) throw wrong('is not an object')
  const { name, status, health, metrics } = value
  if (typeof name !== 'string') throw wrong('has no name')
  if (status != null && typeof status !== 'string') throw wrong('has a status that is not text')
  if (health != null && !isHealth(health)) throw wrong('has a health that is none of healthy, warning, critical')
  const told = health ?? undefined
  return {
    name,
    status: status ?? told ?? 'unknown',
    health: told ?? healthOf(status ?? 'unknown'),
    metrics: toMetrics(metrics),
  }
}

function toMetrics(metrics: unknown): { label: string; value: string }[] {
  if (Array.isArray(metrics))
    return metrics.filter(isObject).map(({ label, value }) => ({ label: scalar(label), value: scalar(value) }))
  if (!isObject(metrics)) return []
  return Object.keys(metrics)
    .sort()
    .map((label) => ({ label, value: scalar(metrics[label]) }))
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '-'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : JSON.stringify(value)
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}
