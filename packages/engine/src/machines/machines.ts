import type { Machine, MachineProvider, MachineRecord, MachineSpec, ProviderContext } from '@skein/plugin-api'
import { type RunnerClient, SkeinError } from '@skein/protocol'
import type { Kysely } from 'kysely'
import type { Clock } from '../clock.ts'
import type { Log } from '../context.ts'
import type { Store } from '../store/schema.ts'
import { type LinkState, MachineLinks, type MachineLinksOptions } from './links.ts'
import { providerSettings } from './own-settings.ts'
import { isMachineOf, reapMachines } from './reap-machines.ts'
import { Resting } from './resting.ts'
import { checkedSettings } from './settings.ts'

export interface MachinesOptions extends Omit<MachineLinksOptions, 'machine'> {
  db: Kysely<Store>
  clock: Clock
  providers: ReadonlyMap<string, MachineProvider>
  home: string
  owner: string
  log: Log
  /** Throws unless the project that a machine was made for may run its scripts. */
  mayRunScripts(machineId: string): Promise<void>
  /** A line for whoever waits for a machine. */
  onProgress(machineId: string, line: string): void
}

export type MachineRow = Store['machines']

/** The machine that clones lie on: this computer. */
export const HOME_MACHINE = 'local'

/** The machines that are known, and the links to them. */
export class Machines implements AsyncDisposable {
  readonly #options: MachinesOptions
  readonly #attached = new Map<string, Promise<Machine>>()
  readonly #links: MachineLinks
  readonly #making = new Map<string, AbortController>()
  readonly #resting: Resting
  readonly #neededAt = new Map<string, number>()
  readonly #since: number

  constructor(options: MachinesOptions) {
    this.#options = options
    this.#since = options.clock.now()
    this.#links = new MachineLinks({ ...options, machine: (id) => this.#trusted(id) })
    this.#resting = new Resting({
      state: async (id) => (await this.row(id))?.state,
      setState: (id, state) => this.#update(id, { state }),
      machine: (id) => this.machine(id),
      links: this.#links,
    })
  }

  /** The runner of a machine, greeted and of our version. Fails after one honest try. */
  runner(machineId: string): Promise<RunnerClient> {
    this.needed(machineId)
    return this.#links.runner(machineId)
  }

  /** Tries until the runner answers, or the engine closes. */
  runnerEventually(machineId: string, signal: AbortSignal): Promise<RunnerClient> {
    this.needed(machineId)
    return this.#links.runnerEventually(machineId, signal)
  }

  /** The runner of a machine whose link is there now. */
  connected(machineId: string): Promise<RunnerClient | undefined> {
    return this.#links.connected(machineId)
  }

  /** Ends the runner of this computer, if it runs, with what runs there. */
  async endHomeRunner(): Promise<void> {
    const runner = await this.connected(HOME_MACHINE)
    if (!runner) return
    const gone = Promise.withResolvers<void>()
    this.whenLost(runner, gone.resolve)
    await runner.call('runner.shutdown', { processes: 'stop' })
    await gone.promise
  }

  /** Something needs the machine, or there is another reason not to stop it soon. */
  needed(machineId: string): void {
    this.#neededAt.set(machineId, this.#options.clock.now())
  }

  /** When something last needed the machine, as far as this process knows. */
  neededAt(machineId: string): number {
    return this.#neededAt.get(machineId) ?? this.#since
  }

  whenLost(client: RunnerClient, callback: () => void): () => void {
    return this.#links.whenLost(client, callback)
  }

  link(machineId: string): LinkState | undefined {
    return this.#links.state(machineId)
  }

  /** The machine as its provider knows it. */
  machine(machineId: string): Promise<Machine> {
    const known = this.#attached.get(machineId)
    if (known) return known
    const attaching = this.#attach(machineId)
    attaching.catch(() => this.#attached.delete(machineId))
    this.#attached.set(machineId, attaching)
    return attaching
  }

  /**
   * The machine that `--on` names (`local`, `ssh:build-box`, `docker`), made known if it was not. A machine that is made for a
   * workspace is only written down: `make` makes it.
   */
  async choose(on: string, workspaceId: string): Promise<string> {
    const { kind, name } = parsed(on)
    const provider = this.provider(kind)
    if (provider.lifetime === 'shared') return this.ensure(on)
    // A fork goes to a machine like its source's.
    const source = await this.row(on)
    const template = source ?? (await this.row(idOf(kind, name)))
    const { pool: _, ...settings } = checkedSettings(provider, JSON.parse(template?.settings ?? '{}'))
    const id = `${kind}:${workspaceId}`
    const own = source && source.state !== 'template' ? source : undefined
    const made = { name: own?.name ?? name, template: own?.template ?? idOf(kind, name) }
    await this.insert({ id, kind, ...made, settings, state: 'wanted', record: null })
    // The workspace may have been on such a machine before, with other settings.
    await this.#options.db
      .updateTable('machines')
      .set({ ...made, settings: JSON.stringify(settings) })
      .where('id', '=', id)
      .where('state', '=', 'gone')
      .execute()
    return id
  }

  /** What was chosen is not needed after all. */
  async unchoose(machineId: string): Promise<void> {
    await this.#options.db
      .deleteFrom('machines')
      .where('id', '=', machineId)
      .where('state', '=', 'wanted')
      .where('begun', '=', 0)
      .execute()
    this.#options.onChange(machineId)
  }

  /** A shared machine, made known if it was not. */
  async ensure(on: string): Promise<string> {
    const { kind, name } = parsed(on)
    const id = idOf(kind, name)
    if (await this.row(id)) return id
    await this.add(kind, name, {})
    return id
  }

  /** Makes a machine (or settings for machines to be made) known by name, or changes its settings. */
  async add(kind: string, name: string, given: Record<string, unknown>): Promise<MachineRow> {
    const provider = this.provider(kind)
    const settings = checkedSettings(provider, given)
    const id = idOf(kind, name)
    const shared = provider.lifetime === 'shared'
    const spec: MachineSpec = {
      key: id,
      name,
      owner: this.#options.owner,
      settings: providerSettings(provider, settings),
    }
    const machine = shared ? await provider.create(spec, this.context(id)) : undefined
    if (machine) this.#attached.set(id, Promise.resolve(machine))
    const record = machine?.record ?? null
    await this.insert({ id, kind, name, settings, state: shared ? 'known' : 'template', record, template: null })
    await this.#options.db
      .updateTable('machines')
      .set({ settings: JSON.stringify(settings), record: JSON.stringify(record) })
      .where('id', '=', id)
      .execute()
    this.#options.onChange(id)
    return (await this.row(id)) as MachineRow
  }

  /** Makes the machine of a workspace, or finds that it was made: asking again is harmless. */
  async make(machineId: string, workspace: NonNullable<MachineSpec['workspace']>): Promise<Machine> {
    const row = await this.row(machineId)
    if (!row) throw new SkeinError('not_found', `machine ${machineId} is not known`)
    if (row.state === 'known' || row.state === 'stopped' || row.state === 'resting') return this.machine(machineId)
    const provider = this.provider(row.kind)
    if (provider.runsRepositoryScripts) await this.#options.mayRunScripts(machineId)
    await this.#update(machineId, { state: 'wanted', begun: 1, problem: null })
    const machine = await this.#create(provider, this.spec(row, workspace))
    this.#attached.set(machineId, Promise.resolve(machine))
    await this.#update(machineId, { record: JSON.stringify(machine.record) })
    // Somebody may have wanted it away meanwhile.
    const made = this.#options.db.updateTable('machines').set({ state: 'known' }).where('id', '=', machineId)
    await made.where('state', '=', 'wanted').execute()
    this.#options.onChange(machineId)
    return machine
  }

  /** Nobody wants a machine any more that is being made: its provider need not finish it. */
  abandon(machineId: string): void {
    this.#making.get(machineId)?.abort()
  }

  async #create(provider: MachineProvider, spec: MachineSpec): Promise<Machine> {
    const context = this.context(spec.key)
    const abandoned = new AbortController()
    this.#making.set(spec.key, abandoned)
    try {
      return await provider.create(spec, { ...context, signal: AbortSignal.any([context.signal, abandoned.signal]) })
    } finally {
      this.#making.delete(spec.key)
    }
  }

  /** What a provider is asked to make. */
  spec(
    row: Pick<MachineRow, 'id' | 'kind' | 'name' | 'settings'>,
    workspace: NonNullable<MachineSpec['workspace']>,
  ): MachineSpec {
    const settings = providerSettings(this.provider(row.kind), JSON.parse(row.settings) as Record<string, unknown>)
    return { key: row.id, name: row.name, owner: this.#options.owner, settings, workspace }
  }

  /** Ends a machine that was made for a workspace; resolves when it is known to be gone. */
  async destroy(machineId: string): Promise<void> {
    const row = await this.row(machineId)
    if (!row || row.state === 'gone' || row.state === 'template') return
    await this.#update(machineId, { state: 'ending' })
    try {
      if (this.provider(row.kind).runsRepositoryScripts) await this.#options.mayRunScripts(machineId)
      if (row.record === 'null') await this.#destroyByKey(row)
      else await (await this.machine(machineId)).destroy()
    } catch (error) {
      await this.#update(machineId, { problem: error instanceof Error ? error.message : String(error) })
      throw error
    }
    this.#attached.delete(machineId)
    await this.#links.drop(machineId)
    await this.#update(machineId, { state: 'gone', record: 'null', problem: null, begun: 0 })
  }

  /** Forgets a machine. */
  async forget(machineId: string): Promise<void> {
    this.#attached.delete(machineId)
    await this.#links.drop(machineId)
    await this.#options.db.deleteFrom('machines').where('id', '=', machineId).execute()
    this.#options.onChange(machineId)
  }

  /** Stops a machine until a person starts it again. */
  async stop(machineId: string): Promise<void> {
    const machine = await this.machine(machineId)
    // Written down first: whoever loses its link by this must not start it again.
    await this.#update(machineId, { state: 'stopped' })
    try {
      await this.release(machineId)
      await machine.stop()
    } catch (error) {
      await this.#update(machineId, { state: 'known' })
      throw error
    }
  }

  /** Stops a machine until something needs it, unless something does by then. Answers whether it rests now. */
  rest(machineId: string, stillQuiet: () => Promise<boolean>): Promise<boolean> {
    return this.#resting.rest(machineId, stillQuiet)
  }

  /** Starts a machine that rests, for something that needs it. */
  awaken(machineId: string): Promise<void> {
    return this.#resting.awaken(machineId)
  }

  /** Starts a machine, and connects to it. */
  async start(machineId: string): Promise<void> {
    await this.awaken(machineId)
    if ((await this.row(machineId))?.state === 'stopped') await this.#update(machineId, { state: 'known' })
    await (await this.machine(machineId)).start()
    this.#links.retryNow(machineId)
    await this.runner(machineId)
  }

  /** Ends the link to a machine and what is known of it in this process. */
  async release(machineId: string): Promise<void> {
    this.#attached.delete(machineId)
    await this.#links.drop(machineId)
  }

  row(machineId: string): Promise<MachineRow | undefined> {
    return this.#options.db.selectFrom('machines').selectAll().where('id', '=', machineId).executeTakeFirst()
  }

  /** Machines of ours that exist and belong to nothing that is known are ended (`dryRun`: looked for). Answers their names. */
  reap(dryRun = false): Promise<string[]> {
    return reapMachines(this.#options, (id) => this.context(id), dryRun)
  }

  provider(kind: string): MachineProvider {
    const provider = this.#options.providers.get(kind)
    if (provider) return provider
    const known = [...this.#options.providers.keys()].join(', ')
    throw new SkeinError('invalid', `there is no kind of machine "${kind}"`, { next: `Use one of: ${known}.` })
  }

  get kinds(): MachineProvider[] {
    return [...this.#options.providers.values()]
  }

  /** Whether a machine is made for a workspace, and goes with it. */
  async isOwn(machineId: string): Promise<boolean> {
    const row = await this.row(machineId)
    return row !== undefined && this.provider(row.kind).lifetime === 'workspace'
  }

  /** Whether the machine itself keeps an agent away from the person's own files. */
  async isolated(machineId: string): Promise<boolean> {
    const row = await this.row(machineId)
    const provider = this.provider(row?.kind ?? parsed(machineId).kind)
    // A person may know that machines of a kind are, where the kind cannot.
    return provider.isolated || (JSON.parse(row?.settings ?? '{}') as Record<string, unknown>).isolated === true
  }

  /** What a provider may use of Skein, for one machine. */
  context(machineId: string): ProviderContext {
    const { home, runnerBundle, log, signal, onProgress } = this.#options
    return {
      home,
      runnerBundle,
      log: (message) => log('info', message, { machineId }),
      progress: (line) => onProgress(machineId, line),
      signal,
    }
  }

  /** For a link: what a provider runs to open one may be the repository's. */
  async #trusted(machineId: string): Promise<Machine> {
    await this.awaken(machineId)
    const machine = await this.machine(machineId)
    if (this.provider(machine.record.kind).runsRepositoryScripts) await this.#options.mayRunScripts(machineId)
    return machine
  }

  async #attach(machineId: string): Promise<Machine> {
    const row = await this.row(machineId)
    if (!row || row.record === 'null') throw new SkeinError('not_found', `machine ${machineId} is not known`)
    if (row.state === 'stopped')
      throw new SkeinError('conflict', `${machineId} is stopped`, {
        next: `Start it: skein machine start ${machineId}`,
      })
    return this.provider(row.kind).attach(JSON.parse(row.record) as MachineRecord, this.context(machineId))
  }

  /** Of a machine whose making was not confirmed, whatever exists. */
  async #destroyByKey(row: MachineRow): Promise<void> {
    const provider = this.provider(row.kind)
    for await (const record of provider.list(this.#options.owner, this.context(row.id)))
      if (isMachineOf(row, record)) await (await provider.attach(record, this.context(row.id))).destroy()
  }

  /** Writes a machine down, unless it is. */
  async insert(
    row: Pick<MachineRow, 'id' | 'kind' | 'name' | 'state' | 'template'> & {
      settings: Record<string, unknown>
      record: MachineRecord | null
      pool_project?: string
    },
  ): Promise<void> {
    await this.#options.db
      .insertInto('machines')
      .values({
        pool_project: null,
        ...row,
        settings: JSON.stringify(row.settings),
        record: JSON.stringify(row.record),
        created_at: this.#options.clock.now(),
        problem: null,
        begun: 0,
        made_of: null,
        ready_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    this.#options.onChange(row.id)
  }

  async #update(machineId: string, change: Partial<MachineRow>): Promise<void> {
    await this.#options.db.updateTable('machines').set(change).where('id', '=', machineId).execute()
    this.#options.onChange(machineId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#links[Symbol.asyncDispose]()
    for (const provider of this.#options.providers.values()) await provider.close?.().catch(() => undefined)
  }
}

/** This computer has one machine, and a kind's nameless machine is its default. */
const idOf = (kind: string, name: string): string => (kind === HOME_MACHINE || name === '' ? kind : `${kind}:${name}`)

function parsed(on: string): { kind: string; name: string } {
  const [kind = HOME_MACHINE, name = ''] = on.split(/:(.*)/s)
  return { kind, name }
}
