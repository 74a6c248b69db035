import type { Call } from '../http/call.ts'
import { Refusal, refused } from '../http/refusal.ts'
import type { MachineConfig } from './shapes.ts'
import { allMachines, type World } from './world.ts'

interface Wanted {
  readonly region: string
  readonly config: MachineConfig
  readonly creating: boolean
}

/** Refuses what the organisation may not have, or the region's hosts have no room for. */
export function checkRoom({ world, fault }: Call, { region, config, creating }: Wanted): void {
  const { quotaMb = Number.POSITIVE_INFINITY, hostMb = Number.POSITIVE_INFINITY } =
    world.behaviour.capacity[region] ?? {}
  const wanted = config.guest?.memory_mb ?? 256
  const quotaUsed = memory(world, region, () => true)
  if (creating && quotaUsed + wanted > quotaMb)
    throw new Refusal(403, {
      error: `organization "${world.org}" is using ${quotaUsed} MB of memory in ${region} which is over the allowed quota`,
    })
  // Stopped machines hold no memory on their host.
  const hostUsed = memory(world, region, (state) => !['stopped', 'suspended', 'failed'].includes(state))
  if (fault?.kind !== 'capacity' && hostUsed + wanted <= hostMb) return
  if (!creating)
    throw refused('aborted', 'could not reserve resource for machine: insufficient memory available to fulfill request')
  if ((config.mounts ?? []).length > 0)
    throw refused(
      'failed_precondition',
      'insufficient resources to create new machine with existing volume',
      'volume_placement_capacity',
    )
  throw new Refusal(422, {
    error: 'could not find a candidate host: insufficient resources available to fulfill request',
    status: 'insufficient_capacity',
  })
}

function memory(world: World, region: string, counts: (state: string) => boolean): number {
  const there = allMachines(world).filter((machine) => machine.region === region && machine.state !== 'destroyed')
  return there.filter(({ state }) => counts(state)).reduce((sum, { memoryMb }) => sum + memoryMb, 0)
}
