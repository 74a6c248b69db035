import type { Machine } from '@skein/plugin-api'
import { type CredentialWanted, type MachineState, RunnerClient, SkeinError } from '@skein/protocol'
import { type Clock, wait } from '../clock.ts'
import type { LeaseSettings, Log } from '../context.ts'

export interface MachineLinksOptions {
  clock: Clock
  version: string
  /** The machine as its provider knows it. */
  machine(machineId: string): Promise<Machine>
  runnerBundle(): Promise<{ path: string; sha256: string }>
  lease: LeaseSettings
  log: Log
  signal: AbortSignal
  onNotice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void
  /** Git on a machine wants credentials. */
  onCredential(machineId: string, wanted: CredentialWanted): Promise<{ username?: string; password?: string }>
  /** The state of a machine's link is another. */
  onChange(machineId: string): void
  /** A machine answered, or its lease was renewed. */
  onHeartbeat(machineId: string): void
}

/** How a machine's link is, and since when. */
export interface LinkState {
  state: Exclude<MachineState, 'stopped'>
  because: string
  /** What a person can do about it. */
  next?: string
  since: number
  retryAt?: number
  heartbeatAt?: number
  roundTripMs?: number
  leaseUntil?: number
  hello?: RunnerClient['hello']
}

const LOCAL = 'local'
const LOCAL_CONNECT_MS = 20_000
/** Bringing Node to a bare host over a slow line takes its time; what hangs is noticed by whoever brings it. */
const REMOTE_CONNECT_MS = 15 * 60_000
/** The first pause before a lost link is tried again; doubles up to the last. */
const RETRY_MS = { first: 50, last: 15_000 }
/** A link over which nothing comes back for so long is dead, whatever the network says. */
const HEARTBEAT = { everyMs: 5000, patienceMs: 12_000 }

/** One link to each machine's runner: opened when it is needed, and again when it was lost, for as long as somebody needs it. */
export class MachineLinks implements AsyncDisposable {
  readonly #options: MachineLinksOptions
  readonly #links = new Map<string, Promise<RunnerClient>>()
  readonly #lost = new Map<RunnerClient, (() => void)[]>()
  readonly #states = new Map<string, LinkState>()
  /** Wakes those who wait for the next try. */
  readonly #retryNow = new Map<string, AbortController>()

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

  /** The runner of a machine whose link is there now. */
  async connected(machineId: string): Promise<RunnerClient | undefined> {
    if (this.#states.get(machineId)?.state !== 'connected') return undefined
    const client = await this.#links.get(machineId)?.catch(() => undefined)
    return client && !client.closed ? client : undefined
  }

  state(machineId: string): LinkState | undefined {
    return this.#states.get(machineId)
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
        const state = this.#states.get(machineId)
        if (state) this.#set(machineId, { ...state, retryAt: this.#options.clock.now() + pause })
        const now = this.#retryNow.get(machineId) ?? new AbortController()
        this.#retryNow.set(machineId, now)
        await wait(this.#options.clock, pause, AbortSignal.any([signal, now.signal])).catch(() => undefined)
      }
    }
  }

  /** Those who wait for the next try need not wait. */
  retryNow(machineId: string): void {
    this.#retryNow.get(machineId)?.abort()
    this.#retryNow.delete(machineId)
  }

  /** Ends a machine's link, and forgets how it was. */
  async drop(machineId: string): Promise<void> {
    const link = this.#links.get(machineId)
    this.#links.delete(machineId)
    this.#states.delete(machineId)
    await link?.then((client) => client.close()).catch(() => undefined)
    this.#options.onChange(machineId)
  }

  async #connect(machineId: string): Promise<RunnerClient> {
    // Whoever asks on while the engine closes must not bring up what nobody would end.
    if (this.#options.signal.aborted) throw new SkeinError('cancelled', 'the server is stopping')
    const before = this.#states.get(machineId)
    const again = before?.hello !== undefined
    this.#set(machineId, {
      ...before,
      state: again ? 'reconnecting' : 'connecting',
      because: again ? (before?.because ?? 'the link was lost') : 'connecting for the first time',
      since: again && before?.state === 'reconnecting' ? before.since : this.#options.clock.now(),
    })
    try {
      const client = await this.#open(machineId)
      this.#set(machineId, {
        state: 'connected',
        because: `its runner answered (${client.hello.version})`,
        since: this.#options.clock.now(),
        hello: client.hello,
        leaseUntil: this.#options.clock.now() + this.#options.lease.ttlMs,
        heartbeatAt: this.#options.clock.now(),
      })
      if (machineId !== LOCAL) this.#beat(machineId, client)
      return client
    } catch (error) {
      const failure = SkeinError.from(error, `connecting to ${machineId}`)
      const now = this.#states.get(machineId)
      const passing = failure.code === 'unavailable' && again
      this.#set(machineId, {
        ...now,
        state: passing ? 'reconnecting' : 'unreachable',
        because: failure.message,
        ...(failure.next === undefined ? {} : { next: failure.next }),
        since: passing && now ? now.since : this.#options.clock.now(),
      })
      throw failure
    }
  }

  async #open(machineId: string): Promise<RunnerClient> {
    const patience = machineId === LOCAL ? LOCAL_CONNECT_MS : REMOTE_CONNECT_MS
    const deadline = AbortSignal.any([AbortSignal.timeout(patience), this.#options.signal])
    const machine = await this.#options.machine(machineId)
    let client = await this.#greet(machineId, machine, deadline)
    const bundle = await this.#options.runnerBundle()
    if (machineId === LOCAL && client.hello.sha256 !== bundle.sha256) {
      // Another version of Skein left it running: ours takes its place, its processes never notice.
      await client.call('runner.upgrade', { bundle: bundle.path }, deadline)
      client.close()
      client = await this.#greet(machineId, machine, deadline)
    }
    await this.#renewLease(machineId, client)
    if (machineId !== LOCAL) await client.call('credential.offer', {}, deadline)
    return client
  }

  async #greet(machineId: string, machine: Machine, signal: AbortSignal): Promise<RunnerClient> {
    const stream = await machine.open({ runner: true }, signal)
    let client: RunnerClient | undefined
    client = await RunnerClient.connect(
      stream,
      {
        client: 'skein-engine',
        clientVersion: this.#options.version,
        onNotice: (notice) => this.#options.onNotice(notice.severity, notice.title, notice.detail),
        onCredential: (wanted) => this.#options.onCredential(machineId, wanted),
        onClose: () => client && this.#closed(machineId, client),
      },
      signal,
    )
    return client
  }

  #closed(machineId: string, client: RunnerClient): void {
    const state = this.#states.get(machineId)
    if (state?.state === 'connected' && !this.#options.signal.aborted)
      this.#set(machineId, {
        ...state,
        state: 'reconnecting',
        because: 'the link was lost; what runs there goes on',
        since: this.#options.clock.now(),
      })
    const waiting = this.#lost.get(client) ?? []
    this.#lost.delete(client)
    for (const callback of waiting) callback()
  }

  /** A network that drops packets says nothing; only an answer that does not come tells. */
  #beat(machineId: string, client: RunnerClient): void {
    const { clock, signal, log } = this.#options
    clock.after(HEARTBEAT.everyMs, () => {
      if (client.closed || signal.aborted) return
      const begun = clock.now()
      client.call('process.status', { id: 'heartbeat' }, AbortSignal.timeout(HEARTBEAT.patienceMs)).then(
        () => {
          const state = this.#states.get(machineId)
          if (state?.state === 'connected') {
            this.#states.set(machineId, { ...state, heartbeatAt: clock.now(), roundTripMs: clock.now() - begun })
            this.#options.onHeartbeat(machineId)
          }
          this.#beat(machineId, client)
        },
        (error: unknown) => {
          if (client.closed) return
          log('warn', 'a machine does not answer', { machineId, error: String(error) })
          client.close()
          this.#closed(machineId, client)
        },
      )
    })
  }

  async #renewLease(machineId: string, client: RunnerClient): Promise<void> {
    if (client.closed || this.#options.signal.aborted) return
    const { ttlMs, hardMs, onEnd = 'stop_agents' } = this.#options.lease
    await client.call('lease.renew', { ttlMs, hardMs, onEnd })
    const state = this.#states.get(machineId)
    if (state) this.#states.set(machineId, { ...state, leaseUntil: this.#options.clock.now() + ttlMs })
    this.#options.clock.after(Math.min(ttlMs / 4, 60_000), () => {
      this.#renewLease(machineId, client).catch((error: unknown) =>
        this.#options.log('warn', 'the lease was not renewed', { error: String(error) }),
      )
    })
  }

  #set(machineId: string, state: LinkState): void {
    const { retryAt: _, ...kept } = state
    this.#states.set(machineId, state.state === 'connected' ? kept : state)
    this.#options.onChange(machineId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links.values()) await link.then((client) => client.close()).catch(() => undefined)
    this.#links.clear()
  }
}
