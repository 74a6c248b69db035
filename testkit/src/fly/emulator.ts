import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import type { BoxMaker } from './boxes/box.ts'
import { ContainerBoxes } from './boxes/container.ts'
import { NamespaceBoxes } from './boxes/namespace.ts'
import { type FlyClock, realClock } from './clock.ts'
import { Control } from './control.ts'
import { FaultRules, type Faults } from './faults.ts'
import { Api } from './http/api.ts'
import { ApiSockets } from './http/api-sockets.ts'
import { notRouted } from './http/refusal.ts'
import { sendRefusal } from './http/send.ts'
import { Ulids } from './ids.ts'
import type { FlyCall } from './journal.ts'
import { Limits, type LimitViolation } from './limits.ts'
import { answerLogs } from './logs/http.ts'
import { LogFeed } from './logs/nats.ts'
import { LogStore } from './logs/store.ts'
import { Contract, type ContractViolation } from './openapi/contract.ts'
import { apiDocument } from './openapi/document.ts'
import { putSecret } from './operations/secrets.ts'
import { type BootProfile, bootProfiles, type FlyOptions, type FlyToken } from './options.ts'
import { FlyProxy } from './proxy/proxy.ts'
import { Lifecycle } from './state/lifecycle.ts'
import type { MachineEvent } from './state/shapes.ts'
import { allMachines, type Behaviour, createApp, type World } from './state/world.ts'
import { allTruths, eventsOf, type MachineTruth, truthOf, type VolumeTruth, volumeTruths } from './truth.ts'

/** A Fly.io of one's own. See docs/fly-emulator.md. */
export interface FlyEmulator extends AsyncDisposable {
  /** The Machines API: `http://127.0.0.1:PORT/v1`. */
  readonly apiUrl: string
  /** Fly's web service, for `GET /api/v1/apps/{app}/logs`. */
  readonly logsUrl: string
  /** Fly Proxy: the app is chosen by the host's name (`app.fly.dev`) or by a header `fly-emulator-app`. */
  readonly proxyUrl: string
  /** Log lines as they come, by NATS; the organisation is the user, a token the password. */
  readonly natsUrl: string
  /** A token that may do everything, as `fly tokens create` prints it. */
  readonly token: string
  readonly org: string
  /** This computer's 127.0.0.1, as machines reach it. */
  readonly hostLoopback: string
  /** Every request, oldest first. */
  readonly journal: readonly FlyCall[]
  readonly faults: Faults
  readonly clock: FlyClock
  readonly limits: { readonly violations: readonly LimitViolation[] }
  readonly contract: { readonly violations: readonly ContractViolation[] }
  /** What went wrong in the emulator itself; a test asserts that there is nothing. */
  readonly defects: readonly unknown[]
  /** May be changed at any time. */
  readonly behaviour: Behaviour
  /** Every machine of every app that is not destroyed, whatever lists show; `all` shows those, too. */
  machines(options?: { all?: boolean }): MachineTruth[]
  /** Throws if there never was one. */
  machine(id: string): MachineTruth
  volumes(options?: { all?: boolean }): VolumeTruth[]
  /** Throws if Fly's limits were exceeded, something did not fit its document, or the emulator itself failed. */
  check(): void
  /** Everything that there is, as data. */
  snapshot(): FlySnapshot
  createApp(name: string): void
  putSecret(app: string, name: string, value: string): void
}

export interface FlySnapshot {
  readonly now: number
  readonly apps: readonly string[]
  readonly machines: readonly (MachineTruth & { readonly events: readonly MachineEvent[] })[]
  readonly volumes: readonly VolumeTruth[]
  readonly violations: { readonly limits: readonly LimitViolation[]; readonly contract: readonly ContractViolation[] }
  readonly defects: readonly string[]
}

export class Emulator implements FlyEmulator {
  readonly token: string
  readonly journal: FlyCall[] = []
  readonly limits: Limits
  readonly contract: Contract
  readonly #world: World
  readonly #life: Lifecycle
  readonly #closing: AbortController
  readonly #servers: { api: Server; proxy: Server }
  readonly #folder: string
  readonly #control = new Control(this)
  readonly #sockets: ApiSockets
  #feed: LogFeed | undefined

  private constructor(options: FlyOptions, parts: { closing: AbortController; folder: string; boxes: BoxMaker }) {
    this.#closing = parts.closing
    this.#folder = parts.folder
    const tokens = [...(options.tokens ?? [DEFAULT_TOKEN])]
    this.token = tokens[0]?.value ?? ''
    this.#sockets = new ApiSockets(join(parts.folder, 'api'), (app, request, response) =>
      this.#route(api, request, response, { value: '', kind: 'deploy', app }),
    )
    this.#world = worldOf(options, tokens, { ...parts, apiFolder: (app) => this.#sockets.folderOf(app) })
    this.#life = new Lifecycle(this.#world)
    const document = apiDocument()
    this.contract = new Contract(document)
    this.limits = new Limits(this.clock, options.limits?.scale ?? 1)
    const api = new Api({
      world: this.#world,
      life: this.#life,
      document,
      contract: this.contract,
      limits: this.limits,
      enforceLimits: options.limits?.enforce ?? true,
      strict: options.strict ?? true,
      journal: this.journal,
    })
    const proxy = new FlyProxy(this.#world, this.#life)
    this.#servers = {
      api: createServer((request, response) => this.#route(api, request, response)),
      proxy: createServer((request, response) => void proxy.request(request, response)),
    }
    this.#servers.proxy.on('upgrade', (request, socket, head) => void proxy.upgrade(request, socket, head))
    for (const server of Object.values(this.#servers)) server.keepAliveTimeout = KEEP_ALIVE
    for (const name of options.apps ?? []) this.createApp(name)
  }

  static async start(options: FlyOptions): Promise<Emulator> {
    const closing = new AbortController()
    const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'skein-fly-'))
    const boxes = boxesOf(options, folder)
    const emulator = new Emulator(options, { closing, folder, boxes })
    const { api, proxy } = emulator.#servers
    emulator.#feed = await LogFeed.start(emulator.#world.logs, emulator.#world)
    api.listen(options.port ?? 0, '127.0.0.1')
    proxy.listen(0, '127.0.0.1')
    await Promise.all([once(api, 'listening'), once(proxy, 'listening')])
    return emulator
  }

  get apiUrl(): string {
    return `${urlOf(this.#servers.api)}/v1`
  }

  get logsUrl(): string {
    return urlOf(this.#servers.api)
  }

  get proxyUrl(): string {
    return urlOf(this.#servers.proxy)
  }

  get natsUrl(): string {
    return this.#feed?.url ?? ''
  }

  get org(): string {
    return this.#world.org
  }

  get hostLoopback(): string {
    return this.#world.boxes.hostLoopback
  }

  get faults(): FaultRules {
    return this.#world.faults
  }

  get clock(): FlyClock {
    return this.#world.clock
  }

  get behaviour(): Behaviour {
    return this.#world.behaviour
  }

  get defects(): readonly unknown[] {
    return this.#world.defects
  }

  machines(options: { all?: boolean } = {}): MachineTruth[] {
    return allTruths(this.#world, this.#life, options.all ?? false)
  }

  machine(id: string): MachineTruth {
    return truthOf(this.#world, this.#life, id)
  }

  volumes(options: { all?: boolean } = {}): VolumeTruth[] {
    return volumeTruths(this.#world, options.all ?? false)
  }

  check(): void {
    const wrong = {
      limits: this.limits.violations,
      contract: this.contract.violations,
      defects: this.defects.map(String),
    }
    const found = Object.entries(wrong).filter(([, list]) => list.length > 0)
    if (found.length === 0) return
    const list = found.map(([what, all]) => `${what}: ${JSON.stringify(all, null, 2)}`).join('\n')
    throw new SkeinError('invalid', `checking what was asked of the Fly emulator: it is not as it should be\n${list}`)
  }

  snapshot(): FlySnapshot {
    const machines = this.machines({ all: true })
    return {
      now: this.clock.now(),
      apps: [...this.#world.apps.keys()],
      machines: machines.map((machine) => ({ ...machine, events: eventsOf(this.#world, machine.id) })),
      volumes: this.volumes({ all: true }),
      violations: { limits: this.limits.violations, contract: this.contract.violations },
      defects: this.defects.map(String),
    }
  }

  createApp(name: string): void {
    createApp(this.#world, name)
  }

  putSecret(app: string, name: string, value: string): void {
    const found = this.#world.apps.get(app)
    if (found === undefined) throw new SkeinError('not_found', `setting a secret of ${app}: there is no such app`)
    putSecret(this.#world, found, name, value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = Object.values(this.#servers)
    this.#closing.abort(new Error('the emulator ends'))
    this.#feed?.close()
    for (const server of servers) server.closeAllConnections()
    for (const server of servers) server.close()
    await this.#world.boxes[Symbol.asyncDispose]()
    // What was being done with machines gives up; it might still make something.
    await Promise.all(allMachines(this.#world).map(({ acting }) => acting))
    await this.#sockets.close()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }

  #route(api: Api, request: IncomingMessage, response: ServerResponse, inside?: FlyToken): void {
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    if (url === null) sendRefusal(response, notRouted())
    else if (url.pathname.startsWith('/v1/')) void api.to(request, response, url, inside)
    else if (/^\/api\/v1\/apps\/[^/]+\/logs$/.test(url.pathname) && request.method === 'GET')
      void answerLogs(this.#world, this.journal, request, response, url)
    else if (url.pathname.startsWith('/_emulator/')) void this.#control.answer(request, response, url)
    else sendRefusal(response, notRouted())
  }
}

/** Longer than clients keep a connection that they do not use, so that none is closed under a request. */
const KEEP_ALIVE = 120_000
/** Known to everybody, and good for nothing but emulators. */
const DEFAULT_TOKEN: FlyToken = { value: 'FlyV1 fm2_lJPECAAAAAAAAskein-emulator', kind: 'org' }

function boxesOf(options: FlyOptions, folder: string): BoxMaker {
  if (options.docker) return new ContainerBoxes({ ...options.docker, folder: join(folder, 'machines') })
  return new NamespaceBoxes({ folder: join(folder, 'machines'), images: options.images ?? {}, shared: options.shared })
}

function worldOf(
  options: FlyOptions,
  tokens: FlyToken[],
  parts: { closing: AbortController; folder: string; boxes: BoxMaker; apiFolder: (app: string) => Promise<string> },
): World {
  const { closing, folder, boxes, apiFolder } = parts
  const clock = options.clock ?? realClock()
  const logs = new LogStore(clock)
  logs.delayMs = options.logDelayMs ?? 0
  return {
    org: options.org ?? 'personal',
    folder,
    clock,
    boxes,
    logs,
    faults: new FaultRules(options.seed ?? 1),
    ulids: new Ulids(),
    apps: new Map(),
    deleted: [],
    foreignApps: new Set(options.foreignApps ?? []),
    tokens,
    behaviour: behaviourOf(options),
    apiFolder,
    closing: closing.signal,
    defects: [],
  }
}

function behaviourOf(options: FlyOptions): Behaviour {
  const { boot = 'instant' } = options
  const profile: BootProfile = typeof boot === 'string' ? bootProfiles[boot] : boot
  return {
    boot: profile,
    exitEvents: options.exitEvents ?? 'b',
    badImage: options.badImage ?? 'failed',
    activeAfterStopMs: options.activeAfterStopMs ?? 0,
    goneAfterMs: options.goneAfterMs ?? 10_000,
    appDelayMs: options.appDelayMs ?? 0,
    listDelayMs: options.listDelayMs ?? 0,
    suspendMs: options.suspendMs ?? 0,
    snapshots: 'kept',
    restartDelayMs: options.restartDelayMs ?? 0,
    volumeReleaseMs: options.volumeReleaseMs ?? 0,
    volumeKeptMs: options.volumeKeptMs ?? 24 * 3_600_000,
    hydrateMs: options.hydrateMs ?? 0,
    autostopMs: options.autostopMs ?? 300_000,
    refuseHopelessWaits: options.refuseHopelessWaits ?? false,
    legacyWait: options.legacyWait ?? false,
    logsRefuseDeployTokens: options.logsRefuseDeployTokens ?? false,
    execOutputLimit: options.execOutputLimit ?? 1024 * 1024,
    capacity: { ...options.capacity },
  }
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
