import type { Workspace } from '@skein/protocol'
import { clock } from '../render/figures.ts'

/** A workspace whose machine cannot be asked now: why, and since when. */
export interface OutOfReach {
  because: string
  /** Unix milliseconds. */
  since: number | undefined
}

/** Undefined where the machine of a workspace is in reach, or nobody is at work there who could be missed. */
export function outOfReach({ status, machine }: Pick<Workspace, 'status' | 'machine'>): OutOfReach | undefined {
  if (status.status !== 'unknown' || !status.because.startsWith(`reconnecting to ${machine}`)) return undefined
  const [evidence] = status.evidence
  return { because: evidence?.what ?? 'the link was lost', since: evidence?.at }
}

/** For the status line. */
export function reconnecting(machine: string, { since }: OutOfReach): string {
  return `Reconnecting to ${machine}${since === undefined ? '' : ` since ${clock(since)}`}; the agent works on`
}
