import { type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { ProcessStart } from './process-output.ts'

/**
 * Waits for the end of one start of a process, through lost links and runners that die; none of its output is sent. null: the
 * machine knows nothing of it.
 */
export async function endOf(context: EngineContext, start: ProcessStart): Promise<ProcessExit | null> {
  for (;;) {
    const runner = await context.machines.runnerEventually(start.machineId, context.signal)
    try {
      const status = await runner.call('process.status', { id: start.id })
      if (!status || status.epoch < start.epoch) return null
      if (status.epoch === start.epoch && status.exit) return status.exit
      const exit = await exitFrom(context, runner, start)
      if (exit) return exit
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof SkeinError) || error.code !== 'unavailable') throw error
    }
  }
}

/** `undefined`: the link was lost before. */
async function exitFrom(
  context: EngineContext,
  runner: RunnerClient,
  { id, epoch }: ProcessStart,
): Promise<ProcessExit | undefined> {
  const ended = Promise.withResolvers<ProcessExit | undefined>()
  const onAbort = () => ended.reject(new SkeinError('cancelled', 'the server is stopping'))
  ended.promise.catch(() => undefined)
  context.signal.addEventListener('abort', onAbort, { once: true })
  const forget = context.machines.whenLost(runner, () => ended.resolve(undefined))
  try {
    const subscription = await runner.subscribe(
      { id, from: { epoch, offset: 0 }, quiet: true },
      {
        data: () => undefined,
        gap: () => undefined,
        exit: (part) => {
          if (part.epoch === epoch) ended.resolve(part.exit)
        },
      },
    )
    try {
      return await ended.promise
    } finally {
      await subscription.unsubscribe().catch(() => undefined)
    }
  } finally {
    forget()
    context.signal.removeEventListener('abort', onAbort)
  }
}
