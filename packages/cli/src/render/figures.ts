const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A span of time as a person says it: `0.2s`, `42s`, `3m 07s`, `2h 05m`, `3d`. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ${two(Math.floor((ms % MINUTE) / SECOND))}s`
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ${two(Math.floor((ms % HOUR) / MINUTE))}m`
  return `${Math.floor(ms / DAY)}d`
}

/** How long ago, in one unit: `now`, `5m`, `3h`, `2d`. */
export function age(milliseconds: number): string {
  if (milliseconds < MINUTE) return 'now'
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)}m`
  if (milliseconds < DAY) return `${Math.floor(milliseconds / HOUR)}h`
  return `${Math.floor(milliseconds / DAY)}d`
}

/** US dollars: cents, and fractions of a cent while it is less than ten. */
export function dollars(amount: number): string {
  if (amount === 0) return '$0.00'
  return amount < 0.1 ? `$${amount.toFixed(4)}` : `$${amount.toFixed(2)}`
}

/** `512 B`, `4.2 GB`; of 1024, as memory and disks are commonly told. */
export function bytes(amount: number): string {
  const power = amount < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(amount) / 10))
  const value = amount / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${['B', 'KB', 'MB', 'GB', 'TB'][power]}`
}

/** The time of day, `14:02`, and the date as well where it is not today's. */
export function clock(at: number, now = Date.now()): string {
  const time = new Date(at)
  const of = `${two(time.getHours())}:${two(time.getMinutes())}`
  return time.toDateString() === new Date(now).toDateString()
    ? of
    : `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${of}`
}

/** `1 file`, `2 files`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
