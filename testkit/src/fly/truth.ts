import { SkeinError } from '@skein/protocol'
import type { Lifecycle } from './state/lifecycle.ts'
import type { Machine } from './state/machine.ts'
import type { MachineConfig, MachineEvent, MachineState } from './state/shapes.ts'
import type { VolumeState } from './state/volume.ts'
import { allMachines, type World } from './state/world.ts'

/** A machine as it really is, and the means to let things happen to it that no API call does. */
export interface MachineTruth {
  readonly id: string
  readonly app: string
  readonly name: string
  readonly region: string
  readonly state: MachineState
  readonly config: MachineConfig
  readonly metadata: Readonly<Record<string, string>>
  /** Its main process on this computer; undefined if nothing of it runs. */
  readonly pid: number | undefined
  /** Lists do not show it yet. */
  readonly hidden: boolean
  /** To its main process, as if something inside had sent it. */
  signal(name: NodeJS.Signals): void
  /** It stays in that state until it is released. */
  stickIn(state: MachineState, options?: { ms?: number; calls?: number }): void
  release(): void
  /** Its host cannot be reached, or can again. */
  host(status: 'ok' | 'unknown' | 'unreachable'): void
  /** Its host is given up. */
  migrate(): void
}

export interface VolumeTruth {
  readonly id: string
  readonly app: string
  readonly name: string
  readonly region: string
  readonly state: VolumeState
  readonly attachedTo: string | undefined
  readonly destroyed: boolean
  /** Its content, on this computer. */
  readonly folder: string
}

export function allTruths(world: World, life: Lifecycle, all: boolean): MachineTruth[] {
  return allMachines(world)
    .filter(({ state, box }) => all || state !== 'destroyed' || box !== undefined)
    .map((machine) => truth(world, life, machine))
}

export function truthOf(world: World, life: Lifecycle, id: string): MachineTruth {
  const machine = allMachines(world).find((one) => one.id === id)
  if (machine === undefined)
    throw new SkeinError('not_found', `looking at machine ${id} of the Fly emulator: there never was one`)
  return truth(world, life, machine)
}

/** Oldest first. */
export function eventsOf(world: World, id: string): readonly MachineEvent[] {
  return allMachines(world).find((machine) => machine.id === id)?.events ?? []
}

export function volumeTruths(world: World, all: boolean): VolumeTruth[] {
  return [...world.apps.values(), ...world.deleted]
    .flatMap((app) => [...app.volumes.values()])
    .filter((volume) => all || !volume.isDestroyed())
    .map((volume) => ({
      id: volume.id,
      app: volume.app.name,
      name: volume.asked.name,
      region: volume.asked.region,
      state: volume.state,
      attachedTo: volume.attachedTo,
      destroyed: volume.isDestroyed(),
      folder: volume.folder,
    }))
}

function truth(world: World, life: Lifecycle, machine: Machine): MachineTruth {
  return {
    id: machine.id,
    app: machine.app.name,
    name: machine.name,
    region: machine.region,
    state: machine.state,
    config: machine.config,
    metadata: machine.config.metadata ?? {},
    pid: machine.box?.pid,
    hidden: world.clock.now() < machine.listedAt,
    signal: (name) => machine.box?.signal(name),
    stickIn: (state, options) => machine.stickIn(state, options),
    release: () => machine.stuck?.release(),
    host: (status) => {
      machine.hostStatus = status
    },
    migrate: () => life.migrate(machine),
  }
}
