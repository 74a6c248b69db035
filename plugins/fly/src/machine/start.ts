import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import type { FlyClient } from '../api/client.ts'
import { exitText, lastExit } from '../api/exit.ts'
import { FlyError } from '../api/failure.ts'
import { getMachine, startMachine } from '../api/machines.ts'
import { waitForMachine } from '../api/wait.ts'

const PAUSE_MS = { first: 250, most: 1000 }

/**
 * Starts a machine that is stopped or suspended, and waits until it is up. A state that does not allow it (yet) is waited out; one that is up
 * is left alone.
 */
export async function startUntilUp(
  client: FlyClient,
  { app, id, signal, deadlineMs }: { app: string; id: string; signal: AbortSignal; deadlineMs: number },
): Promise<void> {
  const begun = performance.now()
  const left = () => deadlineMs - (performance.now() - begun)
  for (let pause = PAUSE_MS.first; ; pause = Math.min(PAUSE_MS.most, pause * 2)) {
    try {
      await startMachine(client, { app, signal }, id)
      break
    } catch (error) {
      if (!(error instanceof FlyError)) throw error
      if (error.status === 404) throw gone(app, id)
      const passes = error.reason === 'state' || error.reason === 'lease' || error.reason === 'concurrent'
      if (!passes || left() <= pause) throw error
      const machine = await getMachine(client, { app, signal }, id)
      if (!machine || machine.state === 'destroyed') throw gone(app, id)
      if (machine.state === 'started') return
      if (machine.state === 'starting') break
      await sleep(pause, undefined, { signal })
    }
  }
  const waited = await waitForMachine(client, {
    app,
    id,
    states: ['started', 'failed', 'destroyed'],
    deadlineMs: Math.max(1000, left()),
    signal,
  })
  if (waited.state === 'started') return
  const machine = waited.machine ?? (await getMachine(client, { app, signal }, id))
  throw new SkeinError('unavailable', `the machine ${id} of ${app} did not start: it is ${waited.state}`, {
    next: 'See its console: skein machine diagnose',
    details: { state: waited.state, exit: exitText(lastExit(machine?.events)) },
  })
}

export function gone(app: string, id: string): SkeinError {
  return new SkeinError('not_found', `the machine ${id} of ${app} is gone`, {
    next: 'Somebody destroyed it. `skein rm` clears what is left; what was pushed or snapshotted can be restored.',
  })
}
