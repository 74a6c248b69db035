import { runScript } from './run-script.ts'
import { scriptProcess } from './script-process.ts'
import type { FlightProject } from './scripts.ts'
import { findScript, scriptFolder } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'

const LIST_MS = 60_000

export interface FlightSite {
  home: string
  project: FlightProject
  settings: Record<string, unknown>
  signal?: AbortSignal
}

/** The remote workspaces that the project's `list` script names; none where there is no such script or it fails. */
export async function listFlightWorkspaces(site: FlightSite): Promise<string[]> {
  return (await namedWorkspaces(site)) ?? []
}

/** As `listFlightWorkspaces`; undefined where nobody can tell. */
export async function namedWorkspaces({ home, project, settings, signal }: FlightSite): Promise<string[] | undefined> {
  try {
    const script = findScript('list', project, home, parseFlightSettings(settings))
    if (!script) return undefined
    const started = scriptProcess(script.command, [], { cwd: scriptFolder(project, home) })
    const answer = await runScript(script.source, started, { timeoutMs: LIST_MS, ...(signal && { signal }) })
    if (answer.code !== 0) return undefined
    return answer.stdout
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
  } catch {
    return undefined
  }
}
