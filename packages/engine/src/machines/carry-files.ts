import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunnerClient, RunnerResult } from '@skein/protocol'
import { carryArchive, runTar } from './carry-archive.ts'

type Included = RunnerResult<'git.includeFiles'>

const MOST_BYTES = 512 * 1024 * 1024

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
    await runTar(from.runner, ['tar', '-czf', archive, '-C', files, '.'], 'packing ignored files')
    await carryArchive(
      { home: from.runner, archive },
      to.runner,
      (blob) => ['tar', '-xzf', blob, '-C', to.path],
      'unpacking ignored files on the machine',
    )
    return { ...gathered, cloned: false }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
