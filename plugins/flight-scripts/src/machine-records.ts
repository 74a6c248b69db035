import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type MachineRecord, SkeinError } from '@skein/plugin-api'
import { writeDurably } from './durable-file.ts'
import type { FlightProject } from './scripts.ts'

/** The kind of all machines that `.flight/` scripts make. */
export const KIND = 'flight'

/**
 * `provisioning`: a script makes it, or was about to when this was written. `ready`: it has a name. `ending`: its teardown runs,
 * or was about to. `orphan`: what became of it could not be ended. `gone`: nothing of it is left, or others have it now.
 */
export type FlightState = 'provisioning' | 'ready' | 'ending' | 'orphan' | 'gone'

/** A use of a remote workspace by one workspace of Skein, as it stands on this computer's disk. */
export interface FlightEntry {
  key: string
  owner: string
  state: FlightState
  /** The remote workspace's name, once it is known. */
  name: string
  /** Skein provisioned it, so Skein may tear it down; else it was found by its name. */
  ours: boolean
  project: FlightProject
  branch: string
  settings: Record<string, unknown>
  /** What `FLIGHT_OUTPUT:` lines gave. */
  outputs: Record<string, string>
  /** The folder of the script that runs, or ran last. */
  run: string
  /** Why it could not be ended. */
  problem: string
  updatedAt: number
}

const TOMBSTONE_MS = 30 * 24 * 3600_000

/** The entries of one home, a file each; what is written before anything is done is what a later process goes on from. */
export class FlightEntries {
  readonly #folder: string

  constructor(home: string) {
    this.#folder = join(home, 'flight', 'machines')
  }

  /** Undefined where there is none. Throws `conflict` for a file that cannot be understood: it may stand for a machine that costs money. */
  async read(key: string): Promise<FlightEntry | undefined> {
    return this.#parse(this.#path(key))
  }

  async write(entry: FlightEntry): Promise<void> {
    await writeDurably(this.#path(entry.key), `${JSON.stringify({ ...entry, updatedAt: Date.now() }, null, 2)}\n`)
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true })
  }

  /** All that stand for something; those that cannot be understood are given to `onProblem`. */
  async all(onProblem?: (error: unknown) => void): Promise<FlightEntry[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const entries: FlightEntry[] = []
    for (const name of (await readdir(this.#folder)).sort()) {
      if (!name.endsWith('.json')) continue
      try {
        const entry = await this.#parse(join(this.#folder, name))
        if (!entry) continue
        if (entry.state !== 'gone') entries.push(entry)
        else if (Date.now() - entry.updatedAt > TOMBSTONE_MS) await this.remove(entry.key)
      } catch (error) {
        if (!onProblem) throw error
        onProblem(error)
      }
    }
    return entries
  }

  #path(key: string): string {
    const name = encodeURIComponent(key)
    return join(this.#folder, `${name.length > 200 ? createHash('sha256').update(key).digest('hex') : name}.json`)
  }

  async #parse(path: string): Promise<FlightEntry | undefined> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw SkeinError.from(error, `reading ${path}`)
    })
    if (text === undefined) return undefined
    try {
      return parseEntry(JSON.parse(text))
    } catch (error) {
      throw new SkeinError('conflict', `reading ${path}: it is not a record of a remote workspace`, {
        next: 'Skein leaves it as it is. Mend it, or see that the remote workspace is gone and delete the file.',
        cause: error,
      })
    }
  }
}

/** What the store keeps. */
export function toRecord(entry: FlightEntry): MachineRecord {
  const { key, owner, name, ours, project, branch, settings, outputs } = entry
  return {
    kind: KIND,
    id: key,
    name: name === '' ? `${project.name} (being provisioned)` : name,
    owner,
    details: { key, workspace: name, ours, project, branch, settings, outputs },
  }
}

/** The entry that a record was made of, as far as the record has it: for a home whose own file was lost. */
export function fromRecord(record: MachineRecord): FlightEntry {
  const { workspace, ours, project, branch, settings, outputs } = record.details
  return parseEntry({
    key: record.id,
    owner: record.owner,
    state: workspace === '' ? 'provisioning' : 'ready',
    name: workspace,
    ours,
    project,
    branch,
    settings,
    outputs,
    run: '',
    problem: '',
    updatedAt: Date.now(),
  })
}

const STATES: readonly FlightState[] = ['provisioning', 'ready', 'ending', 'orphan', 'gone']

function parseEntry(value: unknown): FlightEntry {
  const entry = object(value)
  const project = object(entry.project)
  const state = STATES.find((one) => one === entry.state)
  if (state === undefined) throw new TypeError(`state ${JSON.stringify(entry.state)}`)
  return {
    key: string(entry.key),
    owner: string(entry.owner),
    state,
    name: string(entry.name),
    ours: entry.ours === true,
    project: { id: string(project.id), name: string(project.name), path: string(project.path) },
    branch: string(entry.branch),
    settings: object(entry.settings),
    outputs: Object.fromEntries(Object.entries(object(entry.outputs)).map(([key, text]) => [key, string(text)])),
    run: string(entry.run),
    problem: string(entry.problem),
    updatedAt: Number(entry.updatedAt),
  }
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object')
  return { ...value }
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`not text: ${JSON.stringify(value)}`)
  return value
}
