import { closeSync, readdirSync, readFileSync } from 'node:fs'

const CLOSE_ON_EXEC = 0o2000000

/**
 * Closes what this process inherited beyond stdin, stdout and stderr and would hand on to those it starts: a caller that waits
 * for the end of a pipe must not wait for a daemon. Node sees to the first few itself, and to all of them on macOS.
 */
export function closeInherited(): void {
  if (process.platform !== 'linux') return
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd > 2 && !closesOnExec(fd)) close(fd)
  }
}

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0'
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0
  } catch {
    // The descriptor that read the folder.
    return true
  }
}

function close(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // Gone already.
  }
}
