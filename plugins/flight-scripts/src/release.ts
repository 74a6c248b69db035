import type { ProviderContext } from '@skein/plugin-api'
import { inTurn } from './in-turn.ts'
import { namedWorkspaces } from './list-workspaces.ts'
import { FlightEntries, type FlightEntry } from './machine-records.ts'
import { abandon } from './provision.ts'
import { ScriptRun } from './script-run.ts'
import { parseFlightSettings } from './settings.ts'
import { endWorkspace } from './teardown.ts'

/**
 * Ends a use of a remote workspace: the last one that ends tears it down. One that is still being provisioned is stopped first. A
 * teardown that fails is told to whoever waits and to the log; the entry goes all the same, unless `list` still names the
 * workspace: then it stays as an orphan that is tried again.
 */
export async function release(key: string, context: ProviderContext): Promise<void> {
  const entries = new FlightEntries(context.home)
  const before = await entries.read(key)
  if (before?.state === 'provisioning' && before.run !== '') await new ScriptRun(before.run).stop('cancelled')
  return inTurn(keyTurn(context, key), async () => {
    const found = await entries.read(key)
    if (!found || found.state === 'gone') return
    const entry = found.state === 'provisioning' ? await abandon(found, context) : found
    if (entry) await inTurn(nameTurn(context, entry), () => releaseNamed(entry, context))
  })
}

async function releaseNamed(entry: FlightEntry, context: ProviderContext): Promise<void> {
  const entries = new FlightEntries(context.home)
  if (entry.state === 'ready') {
    const others = await othersOf(entry, entries)
    // Whoever is last must know that it is ours to end.
    if (entry.ours) for (const other of others) await entries.write({ ...other, ours: true })
    if (others.length > 0 || (parseFlightSettings(entry.settings).reuse ?? !entry.ours)) {
      await entries.write({ ...entry, state: 'gone' })
      const why =
        others.length > 0 ? `${others.length} more here use it` : `\`--on flight:${entry.name}\` uses it again`
      return context.progress(`${entry.name} stays: ${why}.`)
    }
  }
  const ended = await endWorkspace(entry, context)
  if (ended.done) return
  const message = `Tearing down ${entry.name} failed: ${ended.problem} Its log is in ${ended.log}.`
  context.log(message)
  context.progress(message)
  const named = await namedWorkspaces({ home: context.home, project: entry.project, settings: entry.settings })
  const still = named?.includes(entry.name) === true
  await entries.write({ ...entry, state: still ? 'orphan' : 'gone', run: ended.log, problem: ended.problem })
  if (still) context.progress(`${entry.name} is still listed, so it is tried again later.`)
}

/** What is done with one entry is done in turn. */
export function keyTurn({ home }: ProviderContext, key: string): string {
  return `${home}\0${key}`
}

/** Uses of one remote workspace are counted in turn. */
export function nameTurn({ home }: ProviderContext, { project, name }: Pick<FlightEntry, 'project' | 'name'>): string {
  return `${home}\0${project.id}\0${name}`
}

/** Other entries that use the same remote workspace. */
async function othersOf(entry: FlightEntry, entries: FlightEntries): Promise<FlightEntry[]> {
  const all = await entries.all(() => undefined)
  return all.filter(
    (other) =>
      other.key !== entry.key &&
      other.state === 'ready' &&
      other.project.id === entry.project.id &&
      other.name === entry.name,
  )
}
