import {
  type Machine,
  type MachineProvider,
  type MachineSpec,
  type ProviderContext,
  SkeinError,
} from '@skein/plugin-api'
import { diagnoseFlight } from './diagnose.ts'
import { FlightMachine } from './flight-machine.ts'
import { inTurn } from './in-turn.ts'
import { namedWorkspaces } from './list-workspaces.ts'
import { FlightEntries, type FlightEntry, fromRecord, KIND, toRecord } from './machine-records.ts'
import { monitorFlight } from './monitor.ts'
import { provision } from './provision.ts'
import { keyTurn, nameTurn } from './release.ts'
import { requireScript } from './scripts.ts'
import { FLIGHT_SETTINGS, parseFlightSettings } from './settings.ts'
import { endWorkspace } from './teardown.ts'

export interface FlightProviderOptions {
  /** How long a runner stays on a machine without processes and connections, milliseconds. */
  runnerIdleExitMs?: number
}

/**
 * Machines that a repository's own `.flight/` scripts make: `--on flight` provisions one, `--on flight:NAME` uses the remote
 * workspace of that name. The contract is in docs/flight.md.
 */
export function createFlightProvider(options: FlightProviderOptions = {}): MachineProvider {
  const machineOf = (entry: FlightEntry, context: ProviderContext, fresh: boolean): Machine =>
    new FlightMachine(entry, context, { idleExitMs: options.runnerIdleExitMs ?? 10 * 60_000, fresh })
  return {
    kind: KIND,
    label: 'remote workspace of the repository’s own scripts',
    lifetime: 'workspace',
    isolated: false,
    runsRepositoryScripts: true,
    notAhead:
      '`provision` checks out the branch of the workspace that it is for, which is not known before there is one',
    settings: FLIGHT_SETTINGS,
    create: (spec, context) =>
      inTurn(keyTurn(context, spec.key), async () => machineOf(await makeEntry(spec, context), context, true)),
    async *list(owner, context) {
      for (const entry of await existing(owner, context)) yield toRecord(entry)
    },
    async attach(record, context) {
      if (record.kind !== KIND)
        throw new SkeinError('not_found', `${record.kind} ${record.id} is not a machine of flight scripts`)
      const entries = new FlightEntries(context.home)
      const entry = (await entries.read(record.id)) ?? fromRecord(record)
      return machineOf(entry, context, false)
    },
    async monitor(project, machine, { home, signal }) {
      if (machine && !(machine instanceof FlightMachine)) return undefined
      const told = await monitorFlight(
        machine
          ? {
              home,
              signal,
              project: machine.entry.project,
              settings: machine.entry.settings,
              workspace: machine.entry.name,
            }
          : { home, signal, project, settings: {} },
      )
      return told && 'error' in told ? { services: [], error: told.error } : told
    },
    async diagnose(machine, context) {
      return machine instanceof FlightMachine ? diagnoseFlight(machine, context) : []
    },
  }
}

export const flightProvider: MachineProvider = createFlightProvider()

async function makeEntry(spec: MachineSpec, context: ProviderContext): Promise<FlightEntry> {
  const entries = new FlightEntries(context.home)
  const found = await entries.read(spec.key)
  if (found?.state === 'ready') return found
  const entry = found && found.state !== 'gone' ? found : newEntry(spec)
  const settings = parseFlightSettings(entry.settings)
  // Before anything is made: without it, what was made could not be reached.
  requireScript('connect', entry.project, context.home, settings)
  if (spec.name !== '' && !settings.provisions) return adopt(entry, spec.name, context)
  if (entry.state === 'provisioning') return provision(entry, context)
  // An earlier try failed, and its remains were being ended when that was interrupted.
  const ended = await endWorkspace(entry, context)
  if (!ended.done) {
    const orphan: FlightEntry = { ...entry, state: 'orphan', run: ended.log, problem: ended.problem }
    await entries.write({ ...orphan, key: `${entry.key}~${Date.now().toString(36)}` })
    context.progress(`${entry.name} of an earlier try could not be torn down: ${ended.problem}`)
  }
  return provision(newEntry(spec), context)
}

function newEntry({ key, owner, settings, workspace }: MachineSpec): FlightEntry {
  if (!workspace)
    throw new SkeinError('invalid', 'a flight machine is made for a workspace of a project', {
      next: 'Make a workspace with `--on flight`.',
    })
  const { id, name, path } = workspace.project
  return {
    key,
    owner,
    state: 'provisioning',
    name: '',
    ours: true,
    project: { id, name, path },
    branch: workspace.branch,
    settings,
    outputs: {},
    run: '',
    problem: '',
    updatedAt: Date.now(),
  }
}

/** One more use of a remote workspace that is there. */
function adopt(entry: FlightEntry, name: string, context: ProviderContext): Promise<FlightEntry> {
  return inTurn(nameTurn(context, { project: entry.project, name }), async () => {
    const entries = new FlightEntries(context.home)
    const users = (await entries.all(() => undefined)).filter(
      (other) => other.state === 'ready' && other.project.id === entry.project.id && other.name === name,
    )
    const [user] = users
    const { project, settings } = entry
    const listed = user ? undefined : await namedWorkspaces({ home: context.home, project, settings })
    if (listed && !listed.includes(name))
      throw new SkeinError('not_found', `project ${project.name} has no remote workspace ${JSON.stringify(name)}`, {
        next: listed.length === 0 ? 'It has none at all: use `--on flight`.' : `It has: ${listed.join(', ')}.`,
      })
    const adopted: FlightEntry = {
      ...entry,
      state: 'ready',
      name,
      ours: users.some(({ ours }) => ours),
      outputs: user?.outputs ?? {},
    }
    await entries.write(adopted)
    return adopted
  })
}

/** All entries of an owner but those whose workspace the project's `list` script, where it answers, names no more. */
async function existing(owner: string, context: ProviderContext): Promise<FlightEntry[]> {
  const all = await new FlightEntries(context.home).all((error) => context.log(String(error)))
  const ours = all.filter((entry) => entry.owner === owner)
  const lists = new Map<string, Promise<string[] | undefined>>()
  const stands = async (entry: FlightEntry): Promise<boolean> => {
    if (entry.state !== 'ready' && entry.state !== 'orphan') return true
    const { project, settings } = entry
    const which = JSON.stringify([project, settings.list])
    const listing =
      lists.get(which) ?? namedWorkspaces({ home: context.home, project, settings, signal: context.signal })
    lists.set(which, listing)
    return (await listing)?.includes(entry.name) ?? true
  }
  const kept = await Promise.all(ours.map(stands))
  return ours.filter((_, index) => kept[index])
}
