import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, readSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { systemCommand } from './executable.ts'

/** The most that one write to a pipe takes whole or not at all (POSIX `PIPE_BUF`). */
export const PIPE_BUF = process.platform === 'linux' ? 4096 : 512

const run = promisify(execFile)

/** Makes the FIFO (0600), and tells whether its modification time tells of writes; on overlayfs and NFS it does not. */
export async function makeFifo(path: string): Promise<{ tellsWrites: boolean }> {
  rmSync(path, { force: true })
  await run(systemCommand('mkfifo'), ['-m', '600', path])
  const fifo = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    markFifo(path, 1)
    const kept = isMarked(path, 1)
    writeSync(fifo, '\n')
    const told = !isMarked(path, 1)
    readSync(fifo, Buffer.alloc(1))
    return { tellsWrites: kept && told }
  } finally {
    closeSync(fifo)
  }
}

/**
 * Sets the FIFO's modification time to a number of ours. The kernel sets it to the present with each write, in the same system
 * call, so that later, after whatever died, the mark tells whether anything was written.
 */
export function markFifo(path: string, mark: number): void {
  utimesSync(path, mark, mark)
}

export function isMarked(path: string, mark: number): boolean {
  return statSync(path).mtimeMs === mark * 1000
}

/** One write, whole or not at all. False: there is no room at the moment, or no reader. */
export function writeWhole(path: string, bytes: Uint8Array): boolean {
  let fifo: number
  try {
    fifo = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (hasCode(error, 'ENXIO')) return false
    throw error
  }
  try {
    writeSync(fifo, bytes)
    return true
  } catch (error) {
    if (hasCode(error, 'EAGAIN') || hasCode(error, 'EPIPE')) return false
    throw error
  } finally {
    closeSync(fifo)
  }
}

const hasCode = (error: unknown, code: string) => (error as NodeJS.ErrnoException).code === code
