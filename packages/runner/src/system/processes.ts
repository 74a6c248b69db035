import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import * as z from 'zod'

/** A living process as the kernel tells of it. Zombies do not count: nothing of them runs. */
export interface SystemProcess {
  pid: number
  parent: number
  group: number
  session: number
  /** Tells two processes with one pid apart, within one boot. */
  startTime: string
  cpuMs: number
}

/** What makes a process the same process: a pid alone is used again. */
export const ProcessIdentity = z.object({ pid: z.number().int(), startTime: z.string(), bootId: z.string() })
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

const LINUX = process.platform === 'linux'
/** The unit of times in /proc, the same on every Linux. */
const TICK_MS = 10

let boot: string | undefined

/** Differs after each boot, and in each container (pid namespace), since pids mean nothing across either. */
export function bootId(): string {
  boot ??= LINUX
    ? `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}.${namespace()}`
    : execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'latin1' }).trim()
  return boot
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return '0'
  }
}

export function findProcess(pid: number): SystemProcess | undefined {
  if (!LINUX) return fromPs(['-p', String(pid)])[0]
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return undefined
  }
}

export function allProcesses(): SystemProcess[] {
  if (!LINUX) return fromPs(['-ax'])
  const found: SystemProcess[] = []
  for (const name of readdirSync('/proc')) {
    if (name < '0' || name > '9:') continue
    const one = findProcess(Number(name))
    if (one) found.push(one)
  }
  return found
}

export function identify(pid: number): ProcessIdentity | undefined {
  const found = findProcess(pid)
  return found && { pid, startTime: found.startTime, bootId: bootId() }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && findProcess(identity.pid)?.startTime === identity.startTime
}

/** Whether the process was started with this variable, `NAME=value`. Known on Linux only, and only of our own user's processes. */
export function hasVariable(pid: number, variable: string): boolean {
  if (!LINUX) return false
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`
    return environment.includes(`\0${variable}\0`)
  } catch {
    return false
  }
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number {
  try {
    const text = LINUX
      ? (/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0')
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'latin1' })
    return Number(text) * 1024
  } catch {
    return 0
  }
}

/** Fields as in proc(5); the name in parentheses may hold spaces and parentheses itself. */
function parseStat(line: string): SystemProcess | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  if (state === undefined || state === 'Z' || state === 'X') return undefined
  return {
    pid: Number.parseInt(line, 10),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  }
}

function fromPs(selection: string[]): SystemProcess[] {
  let text: string
  try {
    text = execFileSync('ps', [...selection, '-o', 'pid=,ppid=,pgid=,stat=,time=,lstart='], { encoding: 'latin1' })
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    const fields = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(?:(\d+):)?(\d+):([\d.]+)\s+(.+?)\s*$/.exec(line)
    if (!fields || fields[4]?.startsWith('Z')) return []
    const [, pid, parent, group, , hours, minutes, seconds, startTime] = fields
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      // macOS tells no session; the group leader is the nearest thing.
      session: Number(group),
      startTime: startTime ?? '',
      cpuMs: (Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000,
    }
  })
}
