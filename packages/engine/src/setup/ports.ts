import { createHash } from 'node:crypto'

/** A workspace has this many successive ports of its own. */
export const PORTS_EACH = 10
/** Blocks lie from here to `LAST_PORT`: above what servers usually listen on. */
export const FIRST_PORT = 41_000
export const LAST_PORT = 60_999
const BLOCKS = (LAST_PORT + 1 - FIRST_PORT) / PORTS_EACH

/**
 * First ports of the blocks that a workspace could have, best first, without the blocks in `taken` (their first ports). They
 * begin at a place that its id decides, so that it tends to get the same ports again. Whether a block's ports are free on the
 * machine is for the caller to ask.
 */
export function* takePorts(workspaceId: string, taken: Iterable<number>): Generator<number, void> {
  const used = new Set(taken)
  const begin = createHash('sha256').update(workspaceId).digest().readUInt32BE(0) % BLOCKS
  for (let step = 0; step < BLOCKS; step++) {
    const port = FIRST_PORT + ((begin + step) % BLOCKS) * PORTS_EACH
    if (!used.has(port)) yield port
  }
}
