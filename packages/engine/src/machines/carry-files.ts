import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type RunnerClient, type RunnerResult, SkeinError } from '@skein/protocol'
import { carryFile } from './carry.ts'

type Included = RunnerResult<'git.includeFiles'>

const MOST_BYTES = 512 * 1024 * 1024
const PACK_MS = 10 * 60_000

/**
 * Brings ignored files of a clone on this computer to a work tree on another machine: gathered as for a local one, then sent as
 * one archive.
 *
 * @param scratch a folder of this computer for what is on its way
 */
export async function carryIncluded(
  from: { runner: RunnerClient; repo: string; scratch: string },
  to: { runner: RunnerClient; path: string },
  source: { patterns?: string[] },
): Promise<Included> {
  const folder = join(from.scratch, `include-${randomUUID()}`)
  const files = join(folder, 'files')
  const archive = join(folder, 'files.tar.gz')
  await mkdir(files, { recursive: true, mode: 0o700 })
  try {
    const gathered = await from.runner.call('git.includeFiles', { from: from.repo, to: files, ...source })
    if (gathered.files.length === 0) return gathered
    if (gathered.bytes > MOST_BYTES) {
      const size = `${Math.round(gathered.bytes / 1e6)} MB`
      const why = `${size} are too much to send to another machine; let a setup script make them there`
      return { ...gathered, files: [], skipped: gathered.files.map((path) => ({ path, why })), cloned: false }
    }
    await command(from.runner, ['tar', '-czf', archive, '-C', files, '.'], 'packing ignored files')
    const hash = createHash('sha256')
    await pipeline(createReadStream(archive), hash)
    const { size } = await stat(archive)
    const blob = await carryFile(from.runner, { path: archive, size, sha256: hash.digest('hex') }, to.runner)
    try {
      await command(to.runner, ['tar', '-xzf', blob, '-C', to.path], 'unpacking ignored files on the machine')
    } finally {
      await to.runner.call('fs.remove', { path: blob }).catch(() => undefined)
    }
    return { ...gathered, cloned: false }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function command(runner: RunnerClient, argv: string[], doing: string): Promise<void> {
  const { code, stderr } = await runner.call('exec', { argv, timeoutMs: PACK_MS })
  if (code !== 0)
    throw new SkeinError('missing', `${doing}: ${stderr.trim() || `tar ended with exit code ${code}`}`, {
      next: 'See that tar and gzip are there, and that the disk has room.',
    })
}
