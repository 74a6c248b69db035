import {
  appOf,
  bodyOf,
  type Call,
  flag,
  type Handler,
  machineOf,
  machineToChange,
  ok,
  positiveInteger,
} from '../http/call.ts'
import { refused } from '../http/refusal.ts'
import { checkRoom } from '../state/capacity.ts'
import { claimable, claimVolumes } from '../state/claims.ts'
import { matching, overview } from '../state/listing.ts'
import { Machine } from '../state/machine.ts'
import type { MachineConfig } from '../state/shapes.ts'
import { takeLease } from './leases.ts'

interface CreateRequest {
  name?: string
  region?: string
  config?: Partial<MachineConfig>
  skip_launch?: boolean
  skip_secrets?: boolean
  lease_ttl?: number
}

interface UpdateRequest extends CreateRequest {
  current_version?: string
}

const DEFAULT_REGION = 'iad'

export const machines: Record<string, Handler> = {
  Machines_list(call) {
    const { query, world } = call
    const now = world.clock.now()
    const listed = [...appOf(call).machines.values()].filter(
      (machine) => machine.listedAt <= now && matching(machine, query),
    )
    const summary = flag(query, 'summary')
    return ok(listed.map((machine) => (summary ? { ...machine.view(), config: overview(machine) } : machine.view())))
  },

  Machines_create(call) {
    const first = create(call)
    if (call.fault?.kind === 'duplicate-create') create(call, true)
    return ok(first)
  },

  Machines_show: (call) => ok(machineOf(call).view()),

  /** The configuration is replaced as a whole. */
  Machines_update(call) {
    const machine = machineToChange(call)
    const body = bodyOf<UpdateRequest>(call)
    if (body.current_version !== undefined && body.current_version !== machine.instanceId)
      throw refused('aborted', 'machine update failed due to concurrent update')
    if (body.name !== undefined && body.name !== machine.name)
      throw refused('invalid_argument', 'machine name is immutable')
    if (body.region !== undefined && body.region !== machine.region)
      throw refused('invalid_argument', 'machine region is immutable')
    const settled = ['started', 'stopped', 'suspended', 'created', 'failed'].includes(machine.state)
    if (!settled || machine.launching) throw refused('aborted', 'machine update failed due to concurrent update')
    const config = withDefaults(body.config)
    claimVolumes(call.world, machine, config)
    const runs = machine.state === 'started' && body.skip_launch !== true
    machine.config = config
    machine.instanceId = call.world.ulids.next(call.world.clock.now())
    machine.skipSecrets = body.skip_secrets ?? false
    machine.versions.push({ version: machine.instanceId, user_config: config })
    if (call.fault?.kind === 'stuck-replacing')
      machine.stickIn('replacing', { ms: call.fault.delayMs, calls: call.fault.calls })
    call.life.replace(machine, runs)
    return ok(machine.view())
  },

  Machines_delete(call) {
    const machine = machineToChange(call)
    const forced = flag(call.query, 'force') || flag(call.query, 'kill')
    if (machine.state === 'destroying') {
      machine.nudge()
      return ok()
    }
    if (!forced && !['stopped', 'suspended', 'failed', 'created', 'migrated'].includes(machine.state))
      throw refused('failed_precondition', 'unable to destroy machine, not currently stopped, suspended or failed')
    if (call.fault?.kind === 'stuck-destroying')
      machine.stickIn('destroying', { ms: call.fault.delayMs, calls: call.fault.calls })
    call.life.destroy(machine)
    return ok()
  },

  Machines_list_events(call) {
    const limit = Math.min(positiveInteger(call.query, 'limit', 20), 50)
    return ok(machineOf(call).events.slice(-limit).reverse())
  },

  Machines_list_versions: (call) => ok(machineOf(call).versions.toReversed()),

  Machines_cordon(call) {
    machineToChange(call).cordoned = true
    return ok()
  },

  Machines_uncordon(call) {
    machineToChange(call).cordoned = false
    return ok()
  },
}

function create(call: Call, isDuplicate = false): Record<string, unknown> {
  const { world } = call
  const app = appOf(call)
  const body = bodyOf<CreateRequest>(call)
  const config = withDefaults(body.config)
  const region = body.region ?? DEFAULT_REGION
  const namesake = [...app.machines.values()].find(({ name, state }) => name === body.name && state !== 'destroyed')
  if (namesake !== undefined && !isDuplicate)
    throw refused(
      'already_exists',
      `unique machine name violation, machine ID ${namesake.id} already exists with name "${namesake.name}"`,
    )
  // A second machine of one request cannot have its volume.
  const wanted = isDuplicate ? withoutMounts(config) : config
  checkRoom(call, { region, config: wanted, creating: true })
  claimable(world, app, region, wanted, call.fault?.kind === 'volume-claimed')
  const machine = new Machine(world, app, { name: body.name, region, config: wanted })
  if (call.fault?.kind === 'stale-list') machine.listedAt = world.clock.now() + (call.fault.delayMs ?? 5_000)
  machine.skipSecrets = body.skip_secrets ?? false
  app.machines.set(machine.id, machine)
  claimVolumes(world, machine, wanted)
  machine.addEvent('launch', 'created', 'user')
  machine.become('created')
  const lease = body.lease_ttl === undefined ? undefined : takeLease(world, machine, { ttl: body.lease_ttl })
  const shown = { ...machine.view(), ...(lease === undefined ? {} : { nonce: lease.nonce }) }
  if (body.skip_launch !== true) call.life.launch(machine)
  return shown
}

function withoutMounts(config: MachineConfig): MachineConfig {
  const { mounts: _, ...rest } = config
  return rest
}

/** As recorded: what nobody said is filled in. */
function withDefaults(config: Partial<MachineConfig> | undefined): MachineConfig {
  const { image } = config ?? {}
  if (image === undefined || image === '') throw refused('invalid_argument', 'invalid config.image: value is required')
  const services = config?.services?.map((service) => ({ force_instance_key: null, ...service }))
  return {
    ...config,
    init: { ...config?.init },
    guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256, ...config?.guest },
    ...(services === undefined ? {} : { services }),
    image,
    restart: config?.restart ?? { policy: 'on-failure', max_retries: 10 },
  }
}
