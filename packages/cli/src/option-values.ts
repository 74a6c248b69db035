import { InvalidArgumentError } from 'commander'

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90`, `90s`, `1m30s`, `1.5h`: a span of time in milliseconds; a bare number means seconds. */
export function parseDuration(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return positive(Number(text) * 1000, text)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) {
    throw new InvalidArgumentError('Give a time like 90s, 10m or 1h30m.')
  }
  return positive(
    parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? 's'] ?? 0), 0),
    text,
  )
}

/** US dollars: `5`, `0.50`, `$2`. */
export function parseDollars(text: string): number {
  return positive(Number(text.replace(/^\$/, '') || Number.NaN), text)
}

export function parseCount(text: string): number {
  const number = positive(Number(text), text)
  if (!Number.isInteger(number)) throw new InvalidArgumentError('Give a whole number.')
  return number
}

/** A TCP port; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || text.trim() === '')
    throw new InvalidArgumentError('Give a port from 1 to 65535, or 0 for any that is free.')
  return port
}

/** For options that may be given several times. */
export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value]
}

function positive(number: number, text: string): number {
  // A timer of Node's counts at most 2^31 - 1 milliseconds.
  if (!(number > 0) || number > 2 ** 31 - 1)
    throw new InvalidArgumentError(`${text} is not a number above zero that makes sense here.`)
  return number
}
