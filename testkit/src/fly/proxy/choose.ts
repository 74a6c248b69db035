import type { Machine } from '../state/machine.ts'
import type { MachineService } from '../state/shapes.ts'
import type { App, World } from '../state/world.ts'

/** Where a request is to go, as its headers or a replay say it. */
export interface Wish {
  readonly app: string
  readonly force?: string | undefined
  readonly prefer?: string | undefined
  readonly region?: string | undefined
  /** Not there again. */
  readonly elsewhere?: string | undefined
}

export interface Choice {
  readonly machine: Machine
  readonly port: number
  readonly service: MachineService
  /** The one that was preferred could not be had. */
  readonly unavailable?: string
}

/** No machine can take it; `code` as Fly's proxy writes it into the logs. */
export class NoMachine extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The machine for a request: one that runs, or else one that may be started. */
export function choose(world: World, wish: Wish): Choice {
  const app = world.apps.get(wish.app)
  if (app === undefined) throw new NoMachine(404, 'PA01', `there is no app ${wish.app}`)
  const all = candidates(app)
  if (wish.force !== undefined) {
    const forced = all.find(({ machine }) => machine.id === wish.force)
    if (forced === undefined || !canServe(forced))
      throw new NoMachine(503, 'PR01', `instance ${wish.force} is not available`)
    return forced
  }
  const usable = all.filter((one) => canServe(one) && !one.machine.cordoned && one.machine.id !== wish.elsewhere)
  const preferred = usable.find(({ machine }) => machine.id === wish.prefer)
  if (preferred) return preferred
  const regional = usable.filter(({ machine }) => (wish.region ?? machine.region) === machine.region)
  const ordered = regional.sort((a, b) => load(a.machine) - load(b.machine))
  const [first] = ordered
  if (first === undefined)
    throw new NoMachine(503, 'PR03', 'could not find a good candidate within 1 attempts at load balancing')
  return wish.prefer === undefined ? first : { ...first, unavailable: wish.prefer }
}

function candidates(app: App): Choice[] {
  return [...app.machines.values()].flatMap((machine) => {
    const services = machine.config.services ?? []
    const service = services.find(({ ports }) => ports?.some(({ port }) => port === 443 || port === 80)) ?? services[0]
    return service?.internal_port === undefined ? [] : [{ machine, service, port: service.internal_port }]
  })
}

/** It runs or comes up, or a request may start it. */
export function canServe({ machine, service }: Choice): boolean {
  if (['started', 'starting', 'restarting'].includes(machine.state) || machine.launching) return true
  return service.autostart !== false && ['stopped', 'suspended', 'suspending'].includes(machine.state)
}

/** What runs comes first, the least busy of it. */
function load(machine: Machine): number {
  return (machine.state === 'started' ? 0 : 1_000_000) + machine.connections.size
}
