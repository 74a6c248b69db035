import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type RunnerClient, SkeinError } from '@skein/protocol'
import { carryFile } from './carry.ts'

const PACK_MS = 10 * 60_000

/** Runs tar, or a shell that does, on a machine. */
export async function runTar(runner: RunnerClient, argv: string[], doing: string): Promise<void> {
  const { code, stderr } = await runner.call('exec', { argv, timeoutMs: PACK_MS })
  if (code !== 0)
    throw new SkeinError('missing', `${doing}: ${stderr.trim() || `tar ended with exit code ${code}`}`, {
      next: 'See that tar and gzip are on both machines, and that the disks have room.',
    })
}

/** Brings an archive of this computer to a machine, has it unpacked there, and leaves nothing of it there. */
export async function carryArchive(
  from: { home: RunnerClient; archive: string },
  to: RunnerClient,
  unpack: (blob: string) => string[],
  doing: string,
): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(from.archive), hash)
  const { size } = await stat(from.archive)
  const blob = await carryFile(from.home, { path: from.archive, size, sha256: hash.digest('hex') }, to)
  try {
    await runTar(to, unpack(blob), doing)
  } finally {
    await to.call('fs.remove', { path: blob }).catch(() => undefined)
  }
}
