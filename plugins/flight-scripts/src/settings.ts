import { type MachineSetting, SkeinError } from '@skein/plugin-api'

/** How a person wants remote workspaces of a project made. Blank texts are as if they were not there. */
export interface FlightSettings {
  /** Shell text in place of the file of that name. */
  provision?: string
  connect?: string
  teardown?: string
  list?: string
  monitor?: string
  provisionTimeoutMinutes: number
  connectTimeoutSeconds: number
  teardownTimeoutMinutes: number
  /** Absent: what Skein provisioned is torn down with its last workspace, what it found by name is left. */
  reuse?: boolean
  /** NAME of `--on flight:NAME` is the name of these settings, not of a remote workspace. */
  provisions: boolean
}

export const FLIGHT_SETTINGS: readonly MachineSetting[] = [
  text('provision', 'Shell text that provisions, in place of .flight/provision. Not for secrets, as all of these.'),
  text('connect', 'Shell text that connects, in place of .flight/connect. Write "$@" where the command goes.'),
  text('teardown', 'Shell text that tears down, in place of .flight/teardown.'),
  text('list', 'Shell text that prints the remote workspaces, one name a line, in place of .flight/list.'),
  text('monitor', 'Shell text that prints the state of services as JSON, in place of .flight/monitor.'),
  { name: 'provisionTimeoutMinutes', type: 'number', about: 'How long provisioning may take, minutes.', default: 60 },
  { name: 'connectTimeoutSeconds', type: 'number', about: 'How long connecting may take, seconds.', default: 60 },
  { name: 'teardownTimeoutMinutes', type: 'number', about: 'How long teardown may take, minutes.', default: 10 },
  {
    name: 'reuse',
    type: 'flag',
    about:
      'Leave the remote workspace standing when its last workspace here is removed. Unless given: only those that Skein did not provision.',
  },
  {
    name: 'provisions',
    type: 'flag',
    about:
      '`--on flight:NAME` provisions with these settings, rather than use a remote workspace of that name. So it is where `provision` is given.',
  },
  {
    name: 'isolated',
    type: 'flag',
    about: 'These machines keep an agent away from your own files (a VM or a container of its own).',
    default: false,
  },
]

/** Throws `invalid` for a value that is not of its setting's kind. */
export function parseFlightSettings(given: Record<string, unknown>): FlightSettings {
  const settings: FlightSettings = {
    provisionTimeoutMinutes: positive(given, 'provisionTimeoutMinutes', 60),
    connectTimeoutSeconds: positive(given, 'connectTimeoutSeconds', 60),
    teardownTimeoutMinutes: positive(given, 'teardownTimeoutMinutes', 10),
    provisions: false,
  }
  for (const name of ['provision', 'connect', 'teardown', 'list', 'monitor'] as const) {
    const value = given[name]
    if (value == null) continue
    if (typeof value !== 'string') throw wrong(name, value, 'shell text')
    if (value.trim() !== '') settings[name] = value
  }
  const reuse = flag(given, 'reuse')
  if (reuse !== undefined) settings.reuse = reuse
  settings.provisions = flag(given, 'provisions') ?? settings.provision !== undefined
  return settings
}

function positive(given: Record<string, unknown>, name: string, otherwise: number): number {
  const value = given[name]
  if (value == null) return otherwise
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) throw wrong(name, value, 'a number above 0')
  return value
}

function flag(given: Record<string, unknown>, name: string): boolean | undefined {
  const value = given[name]
  if (value == null) return undefined
  if (typeof value !== 'boolean') throw wrong(name, value, 'true or false')
  return value
}

function wrong(name: string, value: unknown, expected: string): SkeinError {
  return new SkeinError('invalid', `the setting \`${name}\` of a flight machine is ${JSON.stringify(value)}`, {
    next: `It must be ${expected}.`,
  })
}

function text(name: string, about: string): MachineSetting {
  return { name, type: 'text', about }
}
