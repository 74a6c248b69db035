import { bodyOf, checkLease, type Handler, leaseNonce, machineOf, ok } from '../http/call.ts'
import { refused } from '../http/refusal.ts'
import { random } from '../ids.ts'
import type { Lease, Machine } from '../state/machine.ts'
import type { World } from '../state/world.ts'

const DEFAULT_TTL = 10
const LONGEST_TTL = 3_000

export const leases: Record<string, Handler> = {
  Machines_show_lease(call) {
    const machine = machineOf(call)
    if (machine.lease === undefined || machine.leaseHeldBy(undefined) === 'nobody')
      throw refused('not_found', `no lease found for machine ID ${machine.id}`)
    return ok(view(machine, machine.lease, leaseNonce(call) === machine.lease.nonce))
  },

  /** With the nonce of the lease that is held, it is renewed. */
  Machines_create_lease(call) {
    const machine = machineOf(call)
    checkLease(machine, call)
    const body = bodyOf<{ ttl?: number; description?: string }>(call)
    const renewed = machine.leaseHeldBy(leaseNonce(call)) === 'caller' ? machine.lease?.nonce : undefined
    const lease = takeLease(call.world, machine, { ttl: body.ttl, description: body.description, nonce: renewed })
    return { status: 201, json: view(machine, lease, true) }
  },

  Machines_release_lease(call) {
    const machine = machineOf(call)
    checkLease(machine, call)
    if (machine.leaseHeldBy(leaseNonce(call)) === 'nobody')
      throw refused('not_found', `no lease found for machine ID ${machine.id}`)
    machine.lease = undefined
    return ok()
  },
}

/** Seconds; gives the machine to whoever knows the nonce. */
export function takeLease(
  world: World,
  machine: Machine,
  asked: { ttl?: number | undefined; description?: string | undefined; nonce?: string | undefined },
): Lease {
  const ttl = Math.min(asked.ttl ?? DEFAULT_TTL, LONGEST_TTL)
  if (ttl < 1) throw refused('invalid_argument', 'invalid lease ttl')
  machine.lease = {
    nonce: asked.nonce ?? random(12).toLowerCase(),
    expiresAt: world.clock.now() + ttl * 1000,
    owner: 'owner@example.com',
    description: asked.description ?? '',
  }
  return machine.lease
}

/** Flat, as the document says, and in `data`, where Fly's client reads it. Only its holder sees the nonce. */
function view(machine: Machine, lease: Lease, isHolder: boolean): Record<string, unknown> {
  const data = {
    ...(isHolder ? { nonce: lease.nonce } : {}),
    expires_at: Math.floor(lease.expiresAt / 1000),
    owner: lease.owner,
    description: lease.description,
    version: machine.instanceId,
  }
  return { status: 'success', data, ...data }
}
