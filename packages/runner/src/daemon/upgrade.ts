import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { makePrivateFolder, UNFINISHED } from '../system/durable.ts'
import { startDaemon } from './launch.ts'

/** Starts another version of the runner in our place. We must have let go of the lock. Resolves once it answers. */
export async function startSuccessor(dir: string, bundle: string, flags: string[]): Promise<void> {
  await startDaemon(dir, install(dir, bundle), flags, process.pid)
}

/** Puts a bundle where versions stand side by side: `versions/<sha256>/runner.cjs`. */
export function install(dir: string, bundle: string): string {
  if (!existsSync(bundle))
    throw new SkeinError('not_found', `upgrading the runner: there is no ${bundle}`, { next: 'Copy it there first.' })
  const sha256 = createHash('sha256').update(readFileSync(bundle)).digest('hex')
  const folder = join(dir, 'versions', sha256)
  const path = join(folder, 'runner.cjs')
  if (existsSync(path)) return path
  makePrivateFolder(folder)
  const temporary = `${path}.${process.pid}${UNFINISHED}`
  copyFileSync(bundle, temporary)
  renameSync(temporary, path)
  return path
}
