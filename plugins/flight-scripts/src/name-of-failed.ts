import type { ProviderContext } from '@skein/plugin-api'
import { namedWorkspaces } from './list-workspaces.ts'
import { FlightEntries, type FlightEntry } from './machine-records.ts'
import type { ProvisionOutput } from './provision-output.ts'

/**
 * What a provisioning that failed has made, as far as its output tells: what it gave as `FLIGHT_OUTPUT: workspace=…`, else the
 * last line that the `list` script names too, else, where nobody can list, the last line if it looks like a name. Never what
 * another entry of ours uses.
 */
export async function nameOfFailed(
  entry: FlightEntry,
  output: ProvisionOutput,
  { home, signal }: ProviderContext,
): Promise<string | undefined> {
  const used = new Set(
    (await new FlightEntries(home).all(() => undefined))
      .filter(({ key, project }) => key !== entry.key && project.id === entry.project.id)
      .map(({ name }) => name),
  )
  const told = output.values.get('workspace')?.trim()
  if (told) return used.has(told) ? undefined : told
  const likely = output.candidates.toReversed().filter((line) => !used.has(line))
  if (likely.length === 0) return undefined
  const patient = signal.aborted ? {} : { signal }
  const listed = await namedWorkspaces({ home, project: entry.project, settings: entry.settings, ...patient })
  if (listed) return likely.find((line) => listed.includes(line))
  const [last] = likely
  return last === output.name && /^\S+$/.test(last) && !/[.:]$/.test(last) ? last : undefined
}
