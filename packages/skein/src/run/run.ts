import type { Skein } from '../skein.ts'
import type { RunOptions } from './options.ts'
import type { RunResult } from './result.ts'
import { startRun } from './start.ts'

/**
 * Runs one prompt in a workspace of its own and answers what came of it; workspace, machine and agent are gone then. A run that failed,
 * was cancelled or took too long is a result too (see `outcome`), unless `throwOnFailure` is set. Throws a `SkeinError` for options
 * that cannot be right, and for what could not be set up.
 *
 * @param skein where it runs; by default an engine of its own in this process, of which nothing stays
 * @example
 * const { outcome, text } = await run({ prompt: 'Why does the build fail?', repositories: '.' })
 */
export async function run(options: RunOptions, skein?: Skein): Promise<RunResult> {
  return startRun(options, skein, { emit: () => undefined }).result
}
