import type { ProcessExit } from '@skein/protocol'
import type { EngineContext } from '../context.ts'

const PATIENCE_MS = 10_000

/** The end of a process on a machine, with the reason if the machine knows it better than the exit says. */
export async function explainedExit(
  context: EngineContext,
  machineId: string,
  exit: ProcessExit,
): Promise<ProcessExit> {
  if (exit.reason !== 'exited' && exit.reason !== 'lost') return exit
  const killed = exit.code === null || exit.signal !== undefined || exit.code > 128
  if (!killed) return exit
  try {
    const machine = await context.machines.machine(machineId)
    const late = Promise.withResolvers<undefined>()
    const timer = context.clock.after(PATIENCE_MS, () => late.resolve(undefined))
    const explained = await Promise.race([machine.explainExit?.(exit), late.promise])
    timer[Symbol.dispose]()
    if (!explained) return exit
    const { message, next } = explained
    return { ...exit, message: next === undefined ? message : `${message}. ${next}` }
  } catch (error) {
    context.log('info', 'why a process ended was not told', { machineId, error: String(error) })
    return exit
  }
}
