import { type Call, flag, type Handler, ok, positiveInteger } from '../http/call.ts'
import { matching, overview } from '../state/listing.ts'
import { allMachines, date } from '../state/world.ts'
import { checkOrganisation } from './apps.ts'

export const organisations: Record<string, Handler> = {
  Machines_org_list(call) {
    checkOrganisation(call)
    const now = call.world.clock.now()
    const all = allMachines(call.world).filter((machine) => machine.listedAt <= now && matching(machine, call.query))
    const { page, next } = paged(call, all)
    const last = page.at(-1)
    return ok({
      machines: page.map((machine) => ({
        id: machine.id,
        app_name: machine.app.name,
        name: machine.name,
        state: machine.state,
        region: machine.region,
        instance_id: machine.instanceId,
        version: machine.instanceId,
        private_ip: machine.privateIp,
        config: overview(machine),
        created_at: date(machine.createdAt),
        updated_at: precise(machine.updatedAt),
      })),
      next_cursor: next,
      last_machine_id: last?.id ?? '',
      last_updated_at: last === undefined ? '' : precise(last.updatedAt),
      error_regions: [],
    })
  },

  Volumes_org_list(call) {
    checkOrganisation(call)
    const deleted = flag(call.query, 'include_deleted')
    const region = call.query.get('region')
    const state = call.query.get('state')
    const all = [...call.world.apps.values(), ...call.world.deleted]
      .flatMap((app) => [...app.volumes.values()])
      .filter((volume) => deleted || !volume.isDestroyed())
      .filter(
        (volume) => (region ?? volume.asked.region) === volume.asked.region && (state ?? volume.state) === volume.state,
      )
    const { page, next } = paged(call, all)
    const last = page.at(-1)
    return ok({
      volumes: page.map((volume) => ({
        ...volume.view(),
        app_name: volume.app.name,
        updated_at: precise(volume.updatedAt),
      })),
      next_cursor: next,
      last_volume_id: last?.id ?? '',
      last_updated_at: last === undefined ? '' : precise(last.updatedAt),
    })
  },
}

/** What was changed longest ago first, so that a change while somebody pages comes again rather than never. */
function paged<T extends { id: string; updatedAt: number }>(
  { query }: Call,
  all: readonly T[],
): { page: T[]; next: string } {
  const after = Date.parse(query.get('updated_after') ?? '1970-01-01T00:00:00Z')
  const limit = Math.min(positiveInteger(query, 'limit', 100), 1000)
  const sorted = all
    .filter(({ updatedAt }) => updatedAt > after)
    .sort((a, b) => a.updatedAt - b.updatedAt || a.id.localeCompare(b.id))
  const cursor = query.get('cursor')
  const begin = cursor === null || cursor === '' ? 0 : sorted.findIndex((one) => key(one) > decode(cursor))
  const page = begin < 0 ? [] : sorted.slice(begin, begin + limit)
  const more = begin >= 0 && begin + limit < sorted.length
  const last = page.at(-1)
  return { page, next: more && last ? Buffer.from(key(last)).toString('base64url') : '' }
}

function key({ id, updatedAt }: { id: string; updatedAt: number }): string {
  return `${String(updatedAt).padStart(16, '0')} ${id}`
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString()
}

function precise(ms: number): string {
  return new Date(ms).toISOString()
}
