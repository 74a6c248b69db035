import type { ProcessExit } from '@skein/protocol'
import type { CheckRunTable } from '../store/schema-work.ts'

export interface Verdict {
  state: Exclude<CheckRunTable['state'], 'running'>
  exitCode: number | null
  note: string | null
}

/** What the end of a check's process says. null: the machine knows nothing of it. */
export function verdictOf(exit: ProcessExit | null, timeoutMs: number): Verdict {
  if (exit === null) return { state: 'error', exitCode: null, note: 'nobody knows how it ended' }
  const verdict = (state: Verdict['state'], note: string | null): Verdict => ({ state, exitCode: exit.code, note })
  switch (exit.reason) {
    case 'exited':
      if (exit.code === 0) return verdict('passed', null)
      return verdict('failed', exit.signal === undefined ? `exit code ${exit.code}` : `ended by ${exit.signal}`)
    case 'timeout':
      return verdict('failed', `it took longer than ${Math.round(timeoutMs / 1000)} seconds and was ended`)
    case 'stopped':
      return verdict('cancelled', null)
    case 'start_failed':
      return verdict('error', exit.message ?? 'it could not be started')
    case 'lease':
      return verdict('error', 'it was ended because nobody had been connected to the machine for long')
    default:
      return verdict('error', exit.message ?? 'nobody knows how it ended')
  }
}
