import type { MachineProvider } from '@skein/plugin-api'
import { type MachineSetting, SkeinError } from '@skein/protocol'

const POOL: MachineSetting = {
  name: 'pool',
  type: 'number',
  about: 'how many machines to make ahead for each project that uses these settings',
}
const MOST_IN_POOL = 20

const idleSetting = (usual: 'stop' | 'keep'): MachineSetting => ({
  name: 'idle',
  type: 'text',
  about: 'what becomes of a machine while nothing goes on there: stopped until it is needed, or kept running',
  default: usual,
  choices: ['stop', 'keep'],
})
const IDLE_MINUTES: MachineSetting = {
  name: 'idleMinutes',
  type: 'number',
  about: 'with idle=stop, for how long nothing has to go on there (default: 15)',
}
const USUAL_IDLE_MINUTES = 15

/** The settings of a kind of machine: its provider's, and those that Skein has for all machines that are made for a workspace. */
export function settingsOf(provider: MachineProvider): MachineSetting[] {
  if (provider.lifetime !== 'workspace') return [...provider.settings]
  const ours = [
    ...(provider.notAhead === undefined ? [POOL] : []),
    ...(provider.idle === undefined ? [] : [idleSetting(provider.idle), IDLE_MINUTES]),
  ]
  const named = new Set(provider.settings.map(({ name }) => name))
  return [...provider.settings, ...ours.filter(({ name }) => !named.has(name))]
}

/** Throws `invalid` for what no value can be right for. */
export function checkOwnSettings(provider: MachineProvider, settings: Record<string, unknown>): void {
  const { pool, idleMinutes } = settings
  if (typeof pool === 'number' && (!Number.isInteger(pool) || pool < 0 || pool > MOST_IN_POOL))
    throw new SkeinError('invalid', `the setting "pool" of a machine of the kind ${provider.kind} is ${pool}`, {
      next: `Give a whole number from 0 to ${MOST_IN_POOL}.`,
    })
  if (typeof idleMinutes === 'number' && idleMinutes <= 0)
    throw new SkeinError(
      'invalid',
      `the setting "idleMinutes" of a machine of the kind ${provider.kind} is ${idleMinutes}`,
      {
        next: 'Give a number above 0.',
      },
    )
}

/** What the provider is told. */
export function providerSettings(
  provider: MachineProvider,
  settings: Record<string, unknown>,
): Record<string, unknown> {
  const known = new Set(provider.settings.map(({ name }) => name))
  return Object.fromEntries(Object.entries(settings).filter(([name]) => known.has(name)))
}

/** How many machines with these settings are to wait for workspaces of a project. */
export function poolSizeOf(settings: Record<string, unknown>): number {
  return typeof settings.pool === 'number' ? settings.pool : 0
}

/** After how long without anything going on a machine with these settings is stopped, milliseconds; undefined: never. */
export function restAfterMs(provider: MachineProvider, settings: Record<string, unknown>): number | undefined {
  if (provider.lifetime !== 'workspace' || provider.idle === undefined) return undefined
  if ((settings.idle ?? provider.idle) !== 'stop') return undefined
  return (typeof settings.idleMinutes === 'number' ? settings.idleMinutes : USUAL_IDLE_MINUTES) * 60_000
}
