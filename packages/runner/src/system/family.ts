import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'
import { allProcesses, hasVariable, type SystemProcess } from './processes.ts'

/** A started process and everything that came of it. */
export interface Family {
  /** The wrapper's pid; the number of its group and of its session too. */
  leader: number
  /** An environment variable, `NAME=value`, that all of them were started with; finds those that made a session of their own. */
  variable?: string
}

/**
 * The living members of a family: its group, its session, all their descendants, and, where a variable is given, whoever
 * carries it. A member that left the session, lost its parent and cleared its environment is no longer found.
 */
export function membersOf(family: Family, processes: SystemProcess[] = allProcesses()): SystemProcess[] {
  const members = new Map<number, SystemProcess>()
  for (const one of processes) {
    if (one.pid === process.pid) continue
    const related = one.pid === family.leader || one.group === family.leader || one.session === family.leader
    if (related || (family.variable !== undefined && hasVariable(one.pid, family.variable))) members.set(one.pid, one)
  }
  for (let grown = members.size > 0; grown; ) {
    grown = false
    for (const one of processes) {
      if (members.has(one.pid) || !members.has(one.parent) || one.pid === process.pid) continue
      members.set(one.pid, one)
      grown = true
    }
  }
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

/** TERM to every member now; the group as one, so that none that is just being made is missed. */
export function terminate(family: Family): void {
  sendSignal(-family.leader, 'SIGTERM')
  for (const one of membersOf(family)) if (one.group !== family.leader) sendSignal(one.pid, 'SIGTERM')
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
      if (left.some((one) => one.group === family.leader)) sendSignal(-family.leader, 'SIGKILL')
      for (const one of left) sendSignal(one.pid, 'SIGKILL')
    }
    await sleep(pause)
  }
}
