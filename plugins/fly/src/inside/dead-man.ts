/** What the switch is decided by. Times in milliseconds of one clock that never goes back. */
export interface Watched {
  now: number
  /** Connections that are open. */
  clients: number
  /** When the last of them ended, or the door began. */
  lastClientAt: number
  /** The runner's lease; undefined: there is none, because nobody took one or it ran out and nothing runs. */
  lease: { expiresAt: number; hardMs: number } | undefined
  /** Without clients and lease, the machine goes on for so long. */
  graceMs: number
  /** Nothing runs there, and everything that is worth keeping is on a volume. */
  atRest: boolean
}

/** The runner interrupts and snapshots at its hard limit; it is not ended in the middle of that. */
const SNAPSHOT_MS = 120_000

/** Whether nobody cares for this machine any more, and why; undefined: somebody does. */
export function abandoned({ now, clients, lastClientAt, lease, graceMs, atRest }: Watched): string | undefined {
  const alone = clients === 0 && now > lastClientAt + graceMs
  if (alone && atRest) return 'nobody'
  if (lease) return now > lease.expiresAt + lease.hardMs + SNAPSHOT_MS ? 'lease' : undefined
  return alone ? 'nobody' : undefined
}
