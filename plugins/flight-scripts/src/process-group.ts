import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'

/** What makes a process the same process: a pid alone is used again. */
export interface ProcessIdentity {
  pid: number
  startTime: string
  bootId: string
}

/**
 * Shell text that prints the identity of the shell that reads it, in three lines that `parseIdentity` reads. A process that
 * names itself is known even if whoever started it was killed in that instant.
 */
export const PRINT_IDENTITY = [
  'echo "$$"',
  'cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.bootsessionuuid',
  'cat "/proc/$$/stat" 2>/dev/null || ps -o lstart= -p "$$"',
].join('\n')

export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [pid, bootId, status] = text.split('\n')
  if (!pid || !bootId || !status || !/^\d+$/.test(pid)) return undefined
  return { pid: Number(pid), bootId: bootId.trim(), startTime: startTimeIn(status) }
}

export function isAlive({ pid, startTime, bootId }: ProcessIdentity): boolean {
  try {
    return currentBoot() === bootId && startTimeIn(statusOf(pid)) === startTime
  } catch {
    return false
  }
}

/** Of /proc/PID/stat the 22nd field; a zombie has none, since nothing of it runs. Else the line that `ps` printed. */
function startTimeIn(status: string): string {
  const end = status.lastIndexOf(')')
  if (end === -1) return status.trim()
  const fields = status.slice(end + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
}

function statusOf(pid: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'latin1')
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'latin1' })
}

let boot: string | undefined

export function currentBoot(): string {
  boot ??=
    process.platform === 'linux'
      ? readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
      : execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'latin1' }).trim()
  return boot
}

/** TERM to the whole group, and KILL to what is left of it after the grace. Resolves when nobody is. */
export async function endGroup(group: number, graceMs = 5000): Promise<void> {
  const kill = Date.now() + graceMs
  for (let signal: NodeJS.Signals | 0 = 'SIGTERM'; ; signal = 0) {
    const late = Date.now() >= kill
    if (!signalGroup(group, late ? 'SIGKILL' : signal)) return
    if (Date.now() >= kill + 30_000)
      throw new SkeinError('unavailable', `ending process group ${group}: it is still there after SIGKILL`, {
        next: 'Its processes hang in the kernel; see what they wait for with ps.',
      })
    await sleep(20)
  }
}

/** Whether there was anybody to get it. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
  } catch (error) {
    // EPERM is also what macOS says of a group of which only zombies are left.
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')) return false
    throw error
  }
  return process.platform !== 'linux' || hasLiving(group)
}

/** A group whose last members are zombies takes signals for as long as nobody asks for their ends. */
function hasLiving(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (name < '0' || name > '9:') return false
    try {
      const status = readFileSync(`/proc/${name}/stat`, 'latin1')
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
      return Number(fields[2]) === group && fields[0] !== 'Z' && fields[0] !== 'X'
    } catch {
      return false
    }
  })
}
