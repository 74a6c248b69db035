import { shareEmbedded } from '../embed/shared.ts'
import type { Skein } from '../skein.ts'
import { checkRun } from './check.ts'
import { RunError } from './errors.ts'
import type { RunOptions } from './options.ts'
import { perform } from './perform.ts'
import type { Outcome, RunEvent, RunResult, TurnResult } from './result.ts'
import { Stop } from './stop.ts'

/** A run under way. */
export interface StartedRun {
  readonly stop: Stop
  readonly result: Promise<RunResult>
}

/** Checks everything, then begins. Throws at once for options that cannot be right. */
export function startRun(
  options: RunOptions,
  skein: Skein | undefined,
  { emit }: { emit(event: RunEvent): void },
): StartedRun {
  checkRun(options, skein?.parts.keeps ?? false)
  const stop = new Stop(options)
  return { stop, result: go(options, skein, stop, emit) }
}

async function go(
  options: RunOptions,
  skein: Skein | undefined,
  stop: Stop,
  emit: (event: RunEvent) => void,
): Promise<RunResult> {
  using _ = stop
  const result = await withSkein(skein, (it) => perform(it, options, stop, emit))
  if (options.throwOnFailure) throwUnlessSucceeded(result)
  return result
}

async function withSkein<T>(skein: Skein | undefined, work: (skein: Skein) => Promise<T>): Promise<T> {
  if (skein) return work(skein)
  await using shared = await shareEmbedded(undefined)
  return await work(shared.skein)
}

export function throwUnlessSucceeded(result: TurnResult): void {
  if (hasFailed(result)) throw new RunError(result)
}

function hasFailed(result: TurnResult): result is TurnResult & { outcome: Exclude<Outcome, 'succeeded'> } {
  return result.outcome !== 'succeeded'
}
