import type { MachineProvider } from '@skein/plugin-api'
import { type MachineSetting, SkeinError } from '@skein/protocol'
import { checkOwnSettings, settingsOf } from './own-settings.ts'

/** Checks settings of a machine against what its provider knows, with defaults filled in. Throws `invalid`, naming the setting. */
export function checkedSettings(provider: MachineProvider, given: Record<string, unknown>): Record<string, unknown> {
  const all = settingsOf(provider)
  const known = new Map(all.map((setting) => [setting.name, setting]))
  if (given.pool !== undefined && provider.notAhead !== undefined)
    throw new SkeinError(
      'invalid',
      `machines of the kind ${provider.kind} cannot be made ahead: ${provider.notAhead}`,
      {
        next: 'Leave out the setting "pool".',
      },
    )
  for (const name of Object.keys(given))
    if (!known.has(name))
      throw new SkeinError('invalid', `a machine of the kind ${provider.kind} has no setting "${name}"`, {
        next: known.size === 0 ? 'It has none.' : `It has: ${[...known.keys()].join(', ')}.`,
      })
  const settings: Record<string, unknown> = {}
  for (const setting of all) {
    const value = given[setting.name] ?? setting.default
    if (value === undefined) {
      if (setting.required)
        throw new SkeinError('invalid', `a machine of the kind ${provider.kind} needs the setting "${setting.name}"`, {
          next: setting.about,
        })
      continue
    }
    settings[setting.name] = checkedValue(provider.kind, setting, value)
  }
  checkOwnSettings(provider, settings)
  return settings
}

function checkedValue(kind: string, setting: MachineSetting, value: unknown): unknown {
  const converted = CONVERTED[setting.type](value)
  const problem =
    converted === undefined
      ? `is to be ${WANTED[setting.type]}`
      : setting.choices !== undefined && !setting.choices.includes(String(converted))
        ? `is to be one of ${setting.choices.join(', ')}`
        : undefined
  if (problem === undefined) return converted
  throw new SkeinError('invalid', `the setting "${setting.name}" of a machine of the kind ${kind} ${problem}`, {
    next: setting.about,
  })
}

const WANTED: Record<MachineSetting['type'], string> = {
  text: 'text',
  number: 'a number',
  flag: 'true or false',
  list: 'a list',
}

/** Flags of the command line come as text. */
const CONVERTED: Record<MachineSetting['type'], (value: unknown) => unknown> = {
  text: (value) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined),
  number: (value) => {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined
  },
  flag: (value) =>
    typeof value === 'boolean' ? value : value === 'true' ? true : value === 'false' ? false : undefined,
  list: (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string')
      ? value
      : typeof value === 'string'
        ? value.split(',').map((one) => one.trim())
        : undefined,
}
