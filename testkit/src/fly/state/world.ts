import type { BoxMaker } from '../boxes/box.ts'
import type { FlyClock } from '../clock.ts'
import type { FaultRules } from '../faults.ts'
import type { Ulids } from '../ids.ts'
import type { LogStore } from '../logs/store.ts'
import type { BootProfile, ExitEventForm, FlyToken, RegionCapacity } from '../options.ts'
import type { Machine } from './machine.ts'
import type { Volume } from './volume.ts'

export interface Secret {
  value: string
  digest: string
  createdAt: number
  updatedAt: number
}

export interface App {
  readonly id: string
  readonly name: string
  readonly org: string
  readonly network: string
  readonly createdAt: number
  readonly machines: Map<string, Machine>
  readonly volumes: Map<string, Volume>
  readonly secrets: Map<string, Secret>
  readonly ips: { ip: string; region: string; shared: boolean; created_at: string }[]
  secretsVersion: number
}

/** What may be changed while the emulator runs. */
export interface Behaviour {
  boot: BootProfile
  exitEvents: ExitEventForm
  badImage: 'failed' | 'launch_failed'
  activeAfterStopMs: number
  goneAfterMs: number
  appDelayMs: number
  listDelayMs: number
  suspendMs: number
  /** Whether a suspended machine finds its memory again, or starts cold. */
  snapshots: 'kept' | 'lost'
  restartDelayMs: number
  volumeReleaseMs: number
  volumeKeptMs: number
  hydrateMs: number
  /** How long after the last connection a machine whose service says so is stopped. */
  autostopMs: number
  refuseHopelessWaits: boolean
  legacyWait: boolean
  logsRefuseDeployTokens: boolean
  execOutputLimit: number
  capacity: Record<string, RegionCapacity>
}

/** Everything that there is. */
export interface World {
  readonly org: string
  readonly folder: string
  readonly clock: FlyClock
  readonly boxes: BoxMaker
  readonly logs: LogStore
  readonly faults: FaultRules
  readonly ulids: Ulids
  readonly apps: Map<string, App>
  /** Apps that are gone, with machines that may still be going. */
  readonly deleted: App[]
  readonly foreignApps: ReadonlySet<string>
  readonly tokens: FlyToken[]
  readonly behaviour: Behaviour
  /** The folder that machines of an app have at `/.fly`. */
  readonly apiFolder: (app: string) => Promise<string>
  /** Aborted when the emulator ends. */
  readonly closing: AbortSignal
  /** What went wrong in the emulator itself. */
  readonly defects: unknown[]
}

export function createApp(
  world: World,
  name: string,
  options: { org?: string | undefined; network?: string | undefined } = {},
): App {
  const app: App = {
    id: world.ulids.next(world.clock.now()).toLowerCase().slice(0, 16),
    name,
    org: options.org ?? world.org,
    network: options.network ?? 'default',
    createdAt: world.clock.now(),
    machines: new Map(),
    volumes: new Map(),
    secrets: new Map(),
    ips: [],
    secretsVersion: 0,
  }
  world.apps.set(name, app)
  return app
}

/** Of all apps, the destroyed ones too. */
export function allMachines(world: World): Machine[] {
  return [...world.apps.values(), ...world.deleted].flatMap((app) => [...app.machines.values()])
}

/** Seconds since 1970 would lose the order; Fly writes dates. */
export function date(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
