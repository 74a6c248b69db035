import { createHash } from 'node:crypto'

/** Metadata of our machines, for lists to be filtered by. */
export const LABELS = {
  /** As flaude and others have it. */
  maker: 'managed_by',
  owner: 'skein_owner',
  key: 'skein_key',
  /** For people. */
  name: 'skein_name',
  /** Differs each time that a machine is made for a key. */
  run: 'skein_run',
  /** Seconds since 1970, after which anybody may end it: whoever cares for it renews this. */
  expires: 'skein_expires',
} as const
export const MAKER = 'skein'

export interface MachineNames {
  /** Unique in an app, so that the same is never made twice. */
  machine: string
  /** Fly allows 30 of lower-case letters, digits and underscores. */
  volume: string
}

/** What belongs to a key is named by owner and key alone. */
export function namesFor(owner: string, key: string): MachineNames {
  return { machine: `skein-${hash(`${owner}\0${key}`, 16)}`, volume: `${volumePrefix(owner)}${keyHash(key)}` }
}

export function volumePrefix(owner: string): string {
  return `skein_${hash(owner, 8)}_`
}

export function keyHash(key: string): string {
  return hash(key, 14)
}

/** The app of who names none. */
export function defaultApp(owner: string): string {
  return `skein-${hash(owner, 10)}`
}

function hash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
