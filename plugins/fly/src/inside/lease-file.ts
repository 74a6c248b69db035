import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** The lease that the runner keeps in its folder, of this boot; times of `os.uptime`, in milliseconds. */
export function readLease(runnerFolder: string): { expiresAt: number; hardMs: number } | undefined {
  try {
    const { expiresAt, hardMs, bootId } = JSON.parse(readFileSync(join(runnerFolder, 'lease.json'), 'utf8')) as Record<
      string,
      unknown
    >
    if (typeof expiresAt !== 'number' || typeof hardMs !== 'number') return undefined
    return bootId === currentBoot() ? { expiresAt, hardMs } : undefined
  } catch {
    return undefined
  }
}

/** As the runner names it: a boot, and the processes' name space. */
function currentBoot(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot}.${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}`
  } catch {
    return ''
  }
}
