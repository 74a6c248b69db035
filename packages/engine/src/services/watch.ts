import { wait } from '../clock.ts'
import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { ServiceTable } from '../store/schema-work.ts'
import { askHealth } from './health.ts'
import { serviceProcessId } from './run.ts'

/** While a service starts, then while somebody looks, and while nobody does. */
const PAUSE_MS = { first: 50, starting: 1000, watched: 5000, unwatched: 30_000 }
/** A service that is not up by then is unhealthy. */
const START_MS = 120_000
/** One bad answer may be a hiccup. */
const FAILURES = 2
const KEPT_LOG = 16 * 1024 * 1024
const FREE_STEP = 8 * 1024 * 1024

type Tell = (state: ServiceTable['state'], because: string) => Promise<void>

/** Asks a running service how it is, and tells each change, until the signal is aborted. Its log is kept from growing for ever. */
export async function watchHealth(
  context: EngineContext,
  row: ServiceTable,
  workspace: WorkspaceTable,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  const port = row.port === null || workspace.port === null ? null : workspace.port + row.port
  const well = port === null ? 'it runs' : `port ${port} answers${row.health === null ? '' : `, ${row.health} is well`}`
  const startedAt = row.started_at ?? context.clock.now()
  let { state, because } = row
  let failures = 0
  let pause = PAUSE_MS.first
  try {
    while (!signal.aborted) {
      const bad = port === null ? null : await askHealth(context, workspace.machine_id, port, row.health)
      failures = bad ? failures + 1 : 0
      const next = { state, because }
      if (!bad) {
        next.state = 'running'
        next.because = well
      } else if (state === 'starting' && context.clock.now() - startedAt < START_MS) {
        next.because = `${bad.problem} yet`
      } else if (state !== 'running' || failures >= FAILURES) {
        next.state = 'unhealthy'
        next.because = bad.problem
      }
      if (signal.aborted) return
      if (next.state !== state || next.because !== because) await tell(next.state, next.because)
      state = next.state
      because = next.because
      pause =
        state === 'starting'
          ? Math.min(pause * 2, PAUSE_MS.starting)
          : context.changes.listeners > 0
            ? PAUSE_MS.watched
            : PAUSE_MS.unwatched
      // A hiccup is looked at again soon.
      if (state === 'running' && bad) pause = PAUSE_MS.starting
      if (state !== 'starting') await trimLog(context, row, workspace.machine_id)
      await wait(context.clock, pause, signal)
    }
  } catch (error) {
    if (!signal.aborted)
      context.log('warn', 'a service is not watched any more', { name: row.name, error: String(error) })
  }
}

async function trimLog(context: EngineContext, row: ServiceTable, machineId: string): Promise<void> {
  const id = serviceProcessId(row.workspace_id, row.name)
  try {
    const runner = await context.machines.runner(machineId)
    const status = await runner.call('process.status', { id })
    if (status?.epoch === row.epoch && status.size - status.freed > KEPT_LOG + FREE_STEP)
      await runner.call('process.ack', { id, cursor: { epoch: row.epoch, offset: status.size - KEPT_LOG } })
  } catch {
    // The link is down; there is a next time.
  }
}
