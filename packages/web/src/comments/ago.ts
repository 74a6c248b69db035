const STEPS: [limit: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [60, 'second', 1],
  [3600, 'minute', 60],
  [86_400, 'hour', 3600],
  [30 * 86_400, 'day', 86_400],
  [365 * 86_400, 'month', 30 * 86_400],
  [Number.POSITIVE_INFINITY, 'year', 365 * 86_400],
]

const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

/** How long ago a time (Unix milliseconds) was, in a few letters. */
export function ago(at: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000))
  if (seconds < 45) return 'just now'
  const [, unit, size] = STEPS.find(([limit]) => seconds < limit) ?? ['', 'year', 365 * 86_400]
  return format.format(-Math.max(1, Math.round(seconds / size)), unit as Intl.RelativeTimeFormatUnit)
}
