import { SkeinError } from '@skein/plugin-api'
import type { FlightSite } from './list-workspaces.ts'
import { type FlightService, parseMonitorOutput } from './monitor-output.ts'
import { runScript } from './run-script.ts'
import { scriptProcess } from './script-process.ts'
import { findScript, scriptFolder } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'

const MONITOR_MS = 8000

/** What the project's `monitor` script says: cards, worst first, or why there are none. */
export type FlightMonitor = { services: FlightService[] } | { error: string; timedOut: boolean }

/**
 * Runs the project's `monitor` script, for at most 8 s. `workspace` is the name of the remote workspace, absent for a local
 * one. Undefined where the project has no such script; never throws for what the script does.
 */
export async function monitorFlight(site: FlightSite & { workspace?: string }): Promise<FlightMonitor | undefined> {
  const { home, project, workspace, signal } = site
  try {
    const script = findScript('monitor', project, home, parseFlightSettings(site.settings))
    if (!script) return undefined
    const variables: Record<string, string> = workspace === undefined ? {} : { FLIGHT_WORKSPACE: workspace }
    const started = scriptProcess(script.command, [], { cwd: scriptFolder(project, home), variables })
    const answer = await runScript(script.source, started, { timeoutMs: MONITOR_MS, ...(signal && { signal }) })
    if (answer.code === 0) return { services: parseMonitorOutput(answer.stdout) }
    return {
      error: answer.stderr.trim() || `Monitor script failed with exit ${answer.code ?? 'by a signal'}.`,
      timedOut: false,
    }
  } catch (error) {
    if (error instanceof SkeinError && error.code === 'cancelled') throw error
    const timedOut = error instanceof SkeinError && error.code === 'timed_out'
    return {
      error: timedOut
        ? `The monitor script gave no answer within ${MONITOR_MS / 1000} s.`
        : error instanceof Error
          ? error.message
          : String(error),
      timedOut,
    }
  }
}
