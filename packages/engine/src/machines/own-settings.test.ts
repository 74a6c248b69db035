import type { MachineProvider } from '@skein/plugin-api'
import { expect, it } from 'vitest'
import { poolSizeOf, providerSettings, restAfterMs, settingsOf } from './own-settings.ts'
import { checkedSettings } from './settings.ts'

const provider = {
  kind: 'cloud',
  lifetime: 'workspace',
  settings: [{ name: 'cpus', type: 'number', about: 'How many.', default: 2 }],
} as const satisfies Partial<MachineProvider> as unknown as MachineProvider
const names = (one: MachineProvider) => settingsOf(one).map(({ name }) => name)

it('what is made for a workspace can be made ahead, and be stopped while idle where that means something', () => {
  expect(names(provider)).toEqual(['cpus', 'pool'])
  expect(names({ ...provider, lifetime: 'shared' })).toEqual(['cpus'])
  expect(names({ ...provider, idle: 'stop' })).toEqual(['cpus', 'pool', 'idle', 'idleMinutes'])
  expect(names({ ...provider, notAhead: 'each has its branch' })).toEqual(['cpus'])
})

it('refuses a pool where machines cannot be made ahead, with the reason, and one that is too large or no whole number', () => {
  expect(() => checkedSettings({ ...provider, notAhead: 'each has its branch' }, { pool: 1 })).toThrow(
    'cannot be made ahead: each has its branch',
  )
  for (const pool of [1.5, -1, 21]) expect(() => checkedSettings(provider, { pool })).toThrow(`is ${pool}`)
  expect(() => checkedSettings({ ...provider, idle: 'keep' }, { idleMinutes: 0 })).toThrow('idleMinutes')
  expect(poolSizeOf(checkedSettings(provider, { pool: '3' }))).toBe(3)
})

it('tells the provider its own settings only', () => {
  expect(providerSettings(provider, { cpus: 4, pool: 2, idle: 'stop' })).toEqual({ cpus: 4 })
})

it('knows after how long a machine is stopped: what its settings say, else what is usual for its kind', () => {
  expect(restAfterMs(provider, { idle: 'stop' })).toBeUndefined()
  expect(restAfterMs({ ...provider, idle: 'keep' }, {})).toBeUndefined()
  expect(restAfterMs({ ...provider, idle: 'stop' }, {})).toBe(15 * 60_000)
  expect(restAfterMs({ ...provider, idle: 'stop' }, { idle: 'keep' })).toBeUndefined()
  expect(restAfterMs({ ...provider, idle: 'keep' }, { idle: 'stop', idleMinutes: 2 })).toBe(120_000)
})
