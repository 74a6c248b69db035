import type { IncomingHttpHeaders } from 'node:http'
import type { Fault } from '../faults.ts'
import type { FlyToken } from '../options.ts'
import type { Lifecycle } from '../state/lifecycle.ts'
import type { Machine } from '../state/machine.ts'
import type { App, World } from '../state/world.ts'
import { Refusal, refused, refusedByApps } from './refusal.ts'

/** One request, as a handler sees it. */
export interface Call {
  readonly world: World
  readonly life: Lifecycle
  readonly method: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Fits the document. */
  readonly body: unknown
  readonly token: FlyToken
  readonly fault: Fault | undefined
  /** The client has left, or the emulator ends. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** Sent as JSON. */
  readonly json?: unknown
  readonly text?: string
}

export type Handler = (call: Call) => Answer | Promise<Answer>

export function ok(json: unknown = { ok: true }): Answer {
  return { status: 200, json }
}

/** The body as what its schema says that it is. */
export function bodyOf<T>(call: Call): T {
  return (call.body ?? {}) as T
}

export function appOf({ world, method, params }: Call): App {
  const name = params.app_name ?? ''
  const app = world.apps.get(name)
  if (app !== undefined) return known(app, method, world)
  if (world.foreignApps.has(name)) throw refusedByApps(403, 'You are not authorized to access this app')
  throw refused('not_found', 'app not found')
}

/** The machines' service hears of apps from another, and late. */
function known(app: App, method: string, { clock, behaviour }: World): App {
  if (clock.now() >= app.createdAt + behaviour.appDelayMs) return app
  if (method === 'GET') throw refused('not_found', 'app not found')
  throw refused('invalid_argument', 'could not find app')
}

export function machineOf(call: Call): Machine {
  const machine = appOf(call).machines.get(call.params.machine_id ?? '')
  if (machine === undefined || !machine.isShown()) throw refused('not_found', 'machine not found')
  return machine
}

/** For what changes a machine: it is still there, and nobody else holds its lease. */
export function machineToChange(call: Call): Machine {
  const machine = machineOf(call)
  if (machine.state === 'destroyed') throw refused('not_found', 'machine not found')
  checkLease(machine, call)
  return machine
}

export function checkLease(machine: Machine, call: Call): void {
  if (machine.leaseHeldBy(leaseNonce(call)) !== 'another') return
  const { owner = '', expiresAt = 0 } = machine.lease ?? {}
  const until = new Date(expiresAt).toISOString()
  throw refused('aborted', `machine ID ${machine.id} lease currently held by ${owner}, expires at ${until}`)
}

export function leaseNonce({ headers }: Call): string | undefined {
  const nonce = headers['fly-machine-lease-nonce']
  return Array.isArray(nonce) ? nonce[0] : nonce
}

/** A flag of the query; without a value it is set. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && !/^(false|0|f)$/i.test(value)
}

export function positiveInteger(query: URLSearchParams, name: string, otherwise: number): number {
  const value = query.get(name)
  if (value === null) return otherwise
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new Refusal(400, { error: `invalid_argument: invalid ${name}` })
  return number
}
