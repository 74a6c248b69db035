/** How a service of a workspace is, worst first. */
export type FlightHealth = 'critical' | 'warning' | 'healthy'

const HEALTHY = new Set(['ok', 'online', 'running', 'healthy', 'up', 'ready'])
const CRITICAL = new Set(['error', 'errored', 'failed', 'failure', 'offline', 'stopped', 'down', 'critical'])
const ORDER: readonly FlightHealth[] = ['critical', 'warning', 'healthy']

export function isHealth(value: unknown): value is FlightHealth {
  return ORDER.some((health) => health === value)
}

/** Of a service that told its status only. */
export function healthOf(status: string): FlightHealth {
  const word = status.toLowerCase()
  if (HEALTHY.has(word)) return 'healthy'
  return CRITICAL.has(word) ? 'critical' : 'warning'
}

/** The worst first; otherwise as they were. */
export function byHealth<T extends { health: FlightHealth }>(services: readonly T[]): T[] {
  return services.toSorted((a, b) => ORDER.indexOf(a.health) - ORDER.indexOf(b.health))
}
