import { SkeinError } from '@skein/protocol'
import type { Skein } from '../skein.ts'
import type { BatchEvent } from './events.ts'
import type { RetryPolicy } from './failure.ts'
import type { KeepPolicy } from './leave.ts'
import type { RequestOutcome } from './outcome.ts'

export interface BatchOptions {
  /**
   * Where the prompts run: `embed(…)` or `connect(…)`. By default an engine of the batch's own, in a temporary home; with a `record` in
   * a lasting one beside it (`<record>.home`), so that what was under way is found again.
   */
  skein?: Skein
  /**
   * Names the batch for ever: the same id finds the same runs again in the store of the engine or server, also without a record.
   * Made up by default.
   */
  id?: string
  /** A file in which the batch writes down what it has done, so that it can be resumed after any death of this process. */
  record?: string
  /** Go on with the batch of the record; its requests are told by their ids. Without it an unfinished one is refused. */
  resume?: boolean
  /** With `resume`: run again what failed, timed out or was cancelled. */
  retryFailed?: boolean
  /** Forget what an unfinished record says. */
  anew?: boolean
  /** How many requests are under way at once; 4 by default. */
  concurrency?: number
  /** US dollars for all of it: when they are spent, nothing more is begun. */
  budget?: number
  /** How often a request is begun at most, by what made it fail. */
  retry?: Partial<RetryPolicy>
  /** What stays of each; by default the workspaces that hold changes, and nothing in a temporary home. */
  keep?: KeepPolicy
  /** Interrupts everything and ends; resuming begins what was interrupted anew. */
  signal?: AbortSignal
  onEvent?: (event: BatchEvent) => void
  /** Called when a request has succeeded or failed and its workspace is still there, e.g. to save its patch. */
  onOutcome?: (outcome: RequestOutcome) => Promise<void>
}

export const DEFAULT_CONCURRENCY = 4

/** Throws `invalid` for options that make no sense. */
export function checkOptions({
  concurrency = DEFAULT_CONCURRENCY,
  budget,
  retryFailed,
  resume,
  anew,
}: BatchOptions): void {
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new SkeinError('invalid', `a batch cannot run ${concurrency} requests at once`, { next: 'Give 1 or more.' })
  if (budget !== undefined && !(budget > 0))
    throw new SkeinError('invalid', `${budget} is no budget`, { next: 'Give US dollars above zero.' })
  if (anew && (resume || retryFailed))
    throw new SkeinError('invalid', 'a batch cannot be resumed and begun anew', { next: 'Give one of them.' })
}
