import { refused } from '../http/refusal.ts'
import type { Machine } from './machine.ts'
import type { MachineConfig } from './shapes.ts'
import type { App, World } from './world.ts'

/** Refuses a machine whose volumes are not there, elsewhere, or somebody else's. */
export function claimable(
  world: World,
  app: App,
  region: string,
  config: MachineConfig,
  isClaimed = false,
  by?: string,
): void {
  for (const { volume: id } of config.mounts ?? []) {
    const volume = app.volumes.get(id)
    if (volume === undefined || volume.isDestroyed()) throw refused('not_found', `volume ${id} not found`)
    if (volume.asked.region !== region)
      throw refused('failed_precondition', `volume ${id} is in region ${volume.asked.region}, not in ${region}`)
    const isOwn = by !== undefined && volume.attachedTo === by
    if (isClaimed || (!isOwn && volume.isClaimed(world.clock.now())))
      throw refused('failed_precondition', `volume ${id} is currently claimed by another machine`)
  }
}

/** Takes the volumes of a configuration, and lets go of what the machine had besides. */
export function claimVolumes(world: World, machine: Machine, config: MachineConfig): void {
  claimable(world, machine.app, machine.region, config, false, machine.id)
  const wanted = new Set((config.mounts ?? []).map(({ volume }) => volume))
  for (const volume of machine.app.volumes.values()) {
    if (volume.attachedTo === machine.id && !wanted.has(volume.id)) volume.release(world.clock.now())
    if (wanted.has(volume.id)) volume.attach(machine)
  }
}
