import { SkeinError } from '@skein/plugin-api'
import type { FlyClient } from '../api/client.ts'
import { exitText, lastExit, type MachineExit } from '../api/exit.ts'
import type { FlyMachineInfo } from '../api/shapes.ts'
import { type ConsoleLine, machineLogs } from '../logs/api.ts'
import { type ExitMarker, findExitMarker } from '../logs/marker.ts'

/** Lines that a message shows; `details.logs` has more. */
const SHOWN = 20
const KEPT = 500

/** Why a machine does not run, as far as Fly and its own last words tell. */
export interface Ending {
  exit: MachineExit
  marker: ExitMarker | undefined
  logs: ConsoleLine[]
  /** In a sentence. */
  text: string
}

const REASONS: Record<string, string> = {
  lease: 'it ended by itself: nobody renewed its lease',
  nobody: 'it ended by itself: nobody came for a while',
  stopped: 'it was stopped',
  crashed: 'its door crashed',
}

/** Looks at events and console. A console that cannot be read is an empty one. */
export async function endingOf(
  client: FlyClient,
  place: { app: string; machine: string; nonce: string | undefined; signal?: AbortSignal | undefined },
  machine: FlyMachineInfo | undefined,
): Promise<Ending> {
  const logs = await machineLogs(client, place).catch(() => [])
  const exit = lastExit(machine?.events)
  const lines = logs.map(({ message }) => message)
  const marker = place.nonce ? findExitMarker(lines, place.nonce) : undefined
  const own = marker && !exit.outOfMemory ? REASONS[marker.reason] : undefined
  return { exit, marker, logs: logs.slice(-KEPT), text: own ?? exitText(exit) }
}

/** An error with the last of the console: the whole of what was kept in its details. */
export function withLogs(error: SkeinError, logs: readonly ConsoleLine[]): SkeinError {
  if (logs.length === 0) return error
  const last = logs.slice(-SHOWN).map(({ message }) => `  ${message}`)
  return new SkeinError(error.code, `${error.message}\nThe last of its console:\n${last.join('\n')}`, {
    next: error.next,
    details: { ...error.details, logs: logs.map(({ message }) => message) },
    cause: error,
  })
}
