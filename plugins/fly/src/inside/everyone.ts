import { readdirSync, readFileSync, statSync } from 'node:fs'

/** The first process of a machine: our entry itself, or Fly's init that started it. */
const FIRST = /(^|\0)\S*\/entry\.sh(\0|$)|^\/fly\/init(\0|$)/
/** Fly's own (its ssh server), and threads of the kernel, which have no command line. */
const NOT_WORK = /^$|^\/?\.?fly\//

/**
 * The processes that are a machine's work: all of the user that commands run as; or, where that is the door's own user, everything beside it.
 * Undefined where that cannot be told, because this computer is more than this machine.
 */
export function everyone(user: { uid: number } | undefined): number[] | undefined {
  if (!user && !FIRST.test(commandLine(1))) return undefined
  const mine = new Set([1, process.pid, process.ppid])
  return pids().filter((pid) => {
    if (mine.has(pid) || isZombie(pid)) return false
    return user ? uidOf(pid) === user.uid : !NOT_WORK.test(commandLine(pid))
  })
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function uidOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid
  } catch {
    return undefined
  }
}

function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}
