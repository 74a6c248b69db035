import { createHash, randomBytes } from 'node:crypto'
import type { Box } from '../boxes/box.ts'
import { machineId, randomName } from '../ids.ts'
import type { ImageRef, MachineConfig, MachineEvent, MachineState } from './shapes.ts'
import { type App, date, type World } from './world.ts'

export interface Lease {
  nonce: string
  expiresAt: number
  owner: string
  description: string
}

/** Resolves when it is. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

/** Which state was reached, and which event was the newest then. */
export interface Transition {
  readonly state: MachineState
  readonly event: number
}

/** One machine: what the API shows of it, and what is true. */
export class Machine {
  readonly id = machineId()
  readonly name: string
  readonly region: string
  readonly app: App
  readonly privateIp: string
  readonly createdAt: number
  readonly events: MachineEvent[] = []
  readonly transitions: Transition[] = []
  readonly versions: { version: string; user_config: MachineConfig }[] = []
  config: MachineConfig
  instanceId: string
  updatedAt: number
  state: MachineState = 'created'
  lease: Lease | undefined
  cordoned = false
  hostStatus: 'ok' | 'unknown' | 'unreachable' = 'ok'
  skipSecrets = false
  /** What runs in it. */
  box: Box | undefined
  /** How often a policy has restarted it since somebody started it. */
  restarts = 0
  stopWasRequested = false
  stoppedAt = Number.NEGATIVE_INFINITY
  destroyedAt = Number.POSITIVE_INFINITY
  /** From when on lists show it. */
  listedAt: number
  /** It comes up for the first time. */
  launching = false
  /** What is being done with it, one after the other; and the end of what ran last: its exit is in the events. */
  acting: Promise<void> = Promise.resolve()
  ended: Promise<void> = Promise.resolve()
  /** Its next transition out of that state waits. */
  stuck: { in: MachineState; until: Promise<void>; release: () => void; calls: number } | undefined
  /** How far its clock lags behind. */
  clockSkewMs = 0
  /** Connections through the proxy. */
  readonly connections = new Set<{ destroy(): unknown }>()
  readonly #world: World
  readonly #watchers = new Set<() => void>()
  #act = new AbortController()

  constructor(world: World, app: App, asked: { name?: string | undefined; region: string; config: MachineConfig }) {
    const now = world.clock.now()
    this.#world = world
    this.app = app
    this.name = asked.name ?? randomName()
    this.region = asked.region
    this.config = asked.config
    this.instanceId = world.ulids.next(now)
    this.createdAt = now
    this.updatedAt = now
    this.listedAt = now + world.behaviour.listDelayMs
    const bytes = randomBytes(6).toString('hex')
    this.privateIp = `fdaa:0:${bytes.slice(0, 4)}:a7b:10:${bytes.slice(4, 8)}:${bytes.slice(8)}:2`
    this.versions.push({ version: this.instanceId, user_config: asked.config })
  }

  get memoryMb(): number {
    return this.config.guest?.memory_mb ?? 256
  }

  /** Newest last, as `events` is kept. */
  addEvent(type: string, status: string, source: 'user' | 'flyd', request?: Record<string, unknown>): MachineEvent {
    const timestamp = this.#world.clock.now()
    const id = this.#world.ulids.next(timestamp)
    const event: MachineEvent = { id, type, status, source, timestamp, ...(request === undefined ? {} : { request }) }
    this.events.push(event)
    return event
  }

  become(state: MachineState): void {
    this.state = state
    this.updatedAt = this.#world.clock.now()
    this.transitions.push({ state, event: this.events.length })
    if (state === 'stopped') this.stoppedAt = this.updatedAt
    if (state === 'destroyed') this.destroyedAt = this.updatedAt
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** What is being done with it gives up, for the sake of what is begun with this signal. */
  supersede(): AbortSignal {
    this.#act.abort()
    this.#act = new AbortController()
    return this.#act.signal
  }

  /** The state changed after this was called, or the signal was aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#watchers.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#watchers.add(done)
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }

  /** Stays in the state until released, or until `ms` of the clock have passed, or until it was asked `calls` times more. */
  stickIn(state: MachineState, { ms, calls }: { ms?: number | undefined; calls?: number | undefined } = {}): void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.stuck = { in: state, until: promise, release: resolve, calls: calls ?? Number.POSITIVE_INFINITY }
    if (ms !== undefined) void this.#world.clock.sleep(ms, this.#world.closing).then(resolve, () => undefined)
  }

  /** Asked once more for what it is stuck in. */
  nudge(): void {
    if (this.stuck === undefined) return
    this.stuck.calls -= 1
    if (this.stuck.calls <= 0) this.stuck.release()
  }

  /** Waits as long as it is stuck there; something else that is begun with it ends that, too. */
  async leave(state: MachineState, signal: AbortSignal): Promise<void> {
    const { stuck } = this
    if (stuck?.in !== state) return
    await Promise.race([stuck.until, aborted(signal)])
    this.stuck = undefined
    signal.throwIfAborted()
  }

  /** Still shown by itself, though it may be gone. */
  isShown(): boolean {
    return this.#world.clock.now() < this.destroyedAt + this.#world.behaviour.goneAfterMs
  }

  leaseHeldBy(nonce: string | undefined): 'nobody' | 'caller' | 'another' {
    if (this.lease === undefined || this.lease.expiresAt <= this.#world.clock.now()) return 'nobody'
    return this.lease.nonce === nonce ? 'caller' : 'another'
  }

  imageRef(): ImageRef {
    const [reference = '', fixed] = this.config.image.split('@')
    const parts = reference.split('/')
    const hasRegistry = parts.length > 1 && /[.:]|^localhost$/.test(parts[0] ?? '')
    const [name = '', tag = 'latest'] = (hasRegistry ? parts.slice(1).join('/') : reference).split(':')
    return {
      registry: hasRegistry ? (parts[0] ?? '') : 'docker-hub-mirror.fly.io',
      repository: hasRegistry || name.includes('/') ? name : `library/${name}`,
      tag,
      digest: fixed ?? `sha256:${createHash('sha256').update(reference).digest('hex')}`,
      labels: null,
    }
  }

  /** As the API shows it; events newest first. */
  view(): Record<string, unknown> {
    const unreachable = this.hostStatus === 'unreachable'
    return {
      id: this.id,
      name: this.name,
      state: this.state,
      region: this.region,
      instance_id: this.instanceId,
      private_ip: this.privateIp,
      config: unreachable ? null : this.config,
      incomplete_config: unreachable ? this.config : null,
      image_ref: this.imageRef(),
      created_at: date(this.createdAt),
      updated_at: date(this.updatedAt),
      events: this.events.slice(-20).reverse(),
      host_status: this.hostStatus,
    }
  }
}
