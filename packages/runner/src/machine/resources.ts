import { statfs } from 'node:fs/promises'
import { availableParallelism, freemem, loadavg, totalmem, uptime } from 'node:os'
import type { MachineResources } from '@skein/protocol'

/** What the machine has, and has left on the disk of `dir`. In a container it is the container's share. */
export async function machineResources(dir: string): Promise<MachineResources> {
  const { bavail, blocks, bsize } = await statfs(dir)
  const limit = process.constrainedMemory()
  const total = totalmem()
  const memoryBytes = limit > 0 && limit < total ? limit : total
  return {
    cpus: availableParallelism(),
    load: loadavg(),
    memoryBytes,
    memoryFreeBytes: memoryBytes < total ? process.availableMemory() : freeMemory(),
    diskBytes: blocks * bsize,
    diskFreeBytes: bavail * bsize,
    uptimeMs: Math.round(uptime() * 1000),
  }
}

/** Node counts what may be reclaimed as free where the system tells. */
function freeMemory(): number {
  return process.platform === 'linux' ? process.availableMemory() : freemem()
}
