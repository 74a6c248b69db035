import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'
import { allProcesses, bootId, hasVariable, type ProcessIdentity, type SystemProcess } from './processes.ts'

/** Far less than it takes until all numbers were given out and come round again. */
const TRUST_MS = 5000

/** A started process and everything that came of it. */
export interface Family {
  /** The wrapper; its pid is the number of its group and of its session too. */
  leader: ProcessIdentity
  /** An environment variable, `NAME=value`, that all of them were started with. */
  variable: string
  /** When its number was last seen to be its own; it stays reserved while anybody is in the group or the session. */
  seenAt: number
  /** Whether those count who carry the variable and left the session and their parents. */
  strays: boolean
}

/**
 * The living members of a family: its group, its session, all their descendants, and, where they count, its strays. A stray that
 * cleared its environment is not found.
 */
export function membersOf(family: Family, processes: SystemProcess[] = allProcesses()): SystemProcess[] {
  const { leader, variable } = family
  if (leader.bootId !== bootId()) return []
  const holder = processes.find((one) => one.pid === leader.pid)
  const leads = holder?.startTime === leader.startTime
  // Nobody was looking for a while, so a stranger may have the number; whoever carries the variable is none.
  const ours = leads || (holder === undefined && Date.now() - family.seenAt < TRUST_MS)
  const members = new Map<number, SystemProcess>()
  for (const one of processes) {
    if (one.pid === process.pid) continue
    const numbered = one.group === leader.pid || one.session === leader.pid
    if ((numbered && ours) || ((numbered || family.strays) && hasVariable(one.pid, variable))) members.set(one.pid, one)
  }
  for (let grown = members.size > 0; grown; ) {
    grown = false
    for (const one of processes) {
      if (members.has(one.pid) || !members.has(one.parent) || one.pid === process.pid) continue
      members.set(one.pid, one)
      grown = true
    }
  }
  if (ours && (leads || members.size > 0)) family.seenAt = Date.now()
  return [...members.values()]
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It ended on its own a moment ago.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Sends a signal to the family's group as one, so that a member that is just being made is not missed. */
export function signalGroup(family: Family, signal: NodeJS.Signals, members = membersOf(family)): void {
  if (members.some((one) => one.group === family.leader.pid)) sendSignal(-family.leader.pid, signal)
}

/** TERM to every member now. */
export function terminate(family: Family): void {
  const members = membersOf(family)
  signalGroup(family, 'SIGTERM', members)
  for (const one of members) if (one.group !== family.leader.pid) sendSignal(one.pid, 'SIGTERM')
}

/** Waits for the family's end, `graceMs` at most, then kills whoever is left. Resolves when nobody is. */
export async function endFamily(family: Family, graceMs: number): Promise<void> {
  const kill = Date.now() + graceMs
  const giveUp = kill + 30_000
  for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
    const left = membersOf(family)
    if (left.length === 0) return
    if (Date.now() >= giveUp) {
      const pids = left.map((one) => one.pid).join(', ')
      throw new SkeinError('unavailable', `ending processes ${pids}: they are still there after SIGKILL`, {
        next: 'They hang in the kernel, most often on a file system that does not answer. See what they wait for with ps.',
      })
    }
    if (Date.now() >= kill) {
      signalGroup(family, 'SIGKILL', left)
      for (const one of left) sendSignal(one.pid, 'SIGKILL')
    }
    await sleep(pause)
  }
}
