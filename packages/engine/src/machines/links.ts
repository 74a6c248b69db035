import type { Machine, MachineProvider, MachineRecord, ProviderContext } from '@skein/plugin-api'
import { RunnerClient, SkeinError } from '@skein/protocol'
import type { Kysely } from 'kysely'
import { type Clock, wait } from '../clock.ts'
import type { Log } from '../context.ts'
import type { Store } from '../store/schema.ts'

export interface MachineLinksOptions {
  db: Kysely<Store>
  clock: Clock
  providers: ReadonlyMap<string, MachineProvider>
  home: string
  owner: string
  version: string
  runnerBundle(): Promise<{ path: string; sha256: string }>
  lease: { ttlMs: number; hardMs: number }
  log: Log
  signal: AbortSignal
  onNotice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void
}

const CONNECT_MS = 20_000
/** The first pause before a lost link is tried again; doubles up to the last. */
const RETRY_MS = { first: 50, last: 15_000 }

/** One link to each machine's runner: opened when it is needed, and again when it was lost, for as long as somebody needs it. */
export class MachineLinks implements AsyncDisposable {
  readonly #options: MachineLinksOptions
  readonly #machines = new Map<string, Machine>()
  readonly #links = new Map<string, Promise<RunnerClient>>()
  readonly #lost = new Map<RunnerClient, (() => void)[]>()

  constructor(options: MachineLinksOptions) {
    this.#options = options
  }

  /** The runner of a machine, greeted and of our version. Fails after one honest try. */
  async runner(machineId: string): Promise<RunnerClient> {
    const existing = this.#links.get(machineId)
    if (existing) {
      const client = await existing.catch(() => undefined)
      if (client && !client.closed) return client
      if (this.#links.get(machineId) === existing) this.#links.delete(machineId)
    }
    const pending = this.#links.get(machineId) ?? this.#connect(machineId)
    this.#links.set(machineId, pending)
    return pending
  }

  /** Calls back once when the link that this client is has gone. Answers how not to be called back. */
  whenLost(client: RunnerClient, callback: () => void): () => void {
    if (client.closed) {
      callback()
      return () => undefined
    }
    const waiting = this.#lost.get(client) ?? []
    this.#lost.set(client, [...waiting, callback])
    return () => {
      const others = this.#lost.get(client)
      if (others)
        this.#lost.set(
          client,
          others.filter((one) => one !== callback),
        )
    }
  }

  /** Tries until the runner answers, or the engine closes. */
  async runnerEventually(machineId: string, signal: AbortSignal): Promise<RunnerClient> {
    for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.last)) {
      signal.throwIfAborted()
      try {
        return await this.runner(machineId)
      } catch (error) {
        this.#options.log('warn', 'the link to a machine failed', { machineId, error: String(error), againInMs: pause })
        await wait(this.#options.clock, pause, signal)
      }
    }
  }

  async machine(machineId: string): Promise<Machine> {
    const known = this.#machines.get(machineId)
    if (known) return known
    const row = await this.#options.db.selectFrom('machines').selectAll().where('id', '=', machineId).executeTakeFirst()
    if (!row) throw new SkeinError('not_found', `machine ${machineId} is not known`)
    const machine = await this.#provider(row.kind).attach(
      JSON.parse(row.record) as MachineRecord,
      this.#providerContext(),
    )
    this.#machines.set(machineId, machine)
    return machine
  }

  /** The machine that `--on` names, made known if it was not: `local`, or `kind:name`. */
  async ensure(on: string): Promise<string> {
    const [kind = 'local', name = kind] = on.split(/:(.*)/s)
    const id = kind === name ? kind : `${kind}:${name}`
    const row = await this.#options.db.selectFrom('machines').select('id').where('id', '=', id).executeTakeFirst()
    if (row) return id
    const machine = await this.#provider(kind).create(
      { key: id, name, owner: this.#options.owner, settings: {} },
      this.#providerContext(),
    )
    const created_at = this.#options.clock.now()
    await this.#options.db
      .insertInto('machines')
      .values({ id, kind, record: JSON.stringify(machine.record), created_at })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    this.#machines.set(id, machine)
    return id
  }

  /** Whether the machine itself keeps an agent away from the person's own files. */
  async isolated(machineId: string): Promise<boolean> {
    return this.#provider((await this.machine(machineId)).record.kind).isolated
  }

  #provider(kind: string): MachineProvider {
    const provider = this.#options.providers.get(kind)
    if (provider) return provider
    const known = [...this.#options.providers.keys()].join(', ')
    throw new SkeinError('invalid', `there is no kind of machine "${kind}"`, { next: `Use one of: ${known}.` })
  }

  #providerContext(): ProviderContext {
    const { home, runnerBundle, log, signal } = this.#options
    return { home, runnerBundle, log: (message) => log('info', message), signal }
  }

  async #connect(machineId: string): Promise<RunnerClient> {
    const deadline = AbortSignal.any([AbortSignal.timeout(CONNECT_MS), this.#options.signal])
    const machine = await this.machine(machineId)
    let client = await this.#greet(machine, deadline)
    const bundle = await this.#options.runnerBundle()
    if (client.hello.sha256 !== bundle.sha256) {
      // Another version of Skein left it running: ours takes its place, its processes never notice.
      await client.call('runner.upgrade', { bundle: bundle.path }, deadline)
      client.close()
      client = await this.#greet(machine, deadline)
    }
    await this.#renewLease(client)
    return client
  }

  async #greet(machine: Machine, signal: AbortSignal): Promise<RunnerClient> {
    const stream = await machine.open({ runner: true }, signal)
    let client: RunnerClient | undefined
    client = await RunnerClient.connect(
      stream,
      {
        client: 'skein-engine',
        clientVersion: this.#options.version,
        onNotice: (notice) => this.#options.onNotice(notice.severity, notice.title, notice.detail),
        onClose: () => client && this.#closed(client),
      },
      signal,
    )
    return client
  }

  #closed(client: RunnerClient): void {
    const waiting = this.#lost.get(client) ?? []
    this.#lost.delete(client)
    for (const callback of waiting) callback()
  }

  async #renewLease(client: RunnerClient): Promise<void> {
    if (client.closed || this.#options.signal.aborted) return
    const { ttlMs, hardMs } = this.#options.lease
    await client.call('lease.renew', { ttlMs, hardMs, onEnd: 'stop_agents' })
    this.#options.clock.after(Math.min(ttlMs / 4, 60_000), () => {
      this.#renewLease(client).catch((error: unknown) =>
        this.#options.log('warn', 'the lease was not renewed', { error: String(error) }),
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links.values()) await link.then((client) => client.close()).catch(() => undefined)
    this.#links.clear()
  }
}
