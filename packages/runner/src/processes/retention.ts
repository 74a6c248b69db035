import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { replaceFile } from '../system/durable.ts'
import { systemCommand } from './executable.ts'
import type { ProcessPaths } from './records.ts'

/** A running journal is freed in steps of at least this. */
const FREE_STEP = 8 * 1024 * 1024
const BLOCK = 4096

const run = promisify(execFile)

/**
 * How much of a running journal may be freed in place, given what was acknowledged: the new count of freed bytes, or undefined
 * when it is not worth it, or not possible here. Offsets stay what they were.
 */
export function freeable(acked: number, freed: number): number | undefined {
  if (process.platform !== 'linux' || acked - freed < FREE_STEP) return undefined
  return Math.floor(acked / BLOCK) * BLOCK
}

/** Frees a journal's beginning. It is recorded first: a reader must never take the hole's zeros for output. */
export async function freePrefix(paths: ProcessPaths, epoch: number, upTo: number): Promise<void> {
  replaceFile(paths.freed(epoch), JSON.stringify({ freed: upTo }))
  // Where the file system cannot do it, the space stays taken until the epoch ends, and nothing else changes.
  await run(systemCommand('fallocate'), ['-p', '-o', '0', '-l', String(upTo), paths.journal(epoch)]).catch(() => {})
}

/** Deletes an ended epoch's output. How it ended, and how long it was, is kept. */
export function deleteEpoch(paths: ProcessPaths, epoch: number): void {
  for (const path of [paths.journal(epoch), paths.errors(epoch), paths.freed(epoch)]) rmSync(path, { force: true })
}
