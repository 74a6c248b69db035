import { expect, test } from 'vitest'
import { makeDoorKey, publicKeyOf } from '../door/ticket.ts'
import { parseSettings } from '../settings.ts'
import { type ConfigPlan, machineBody } from './config.ts'

function bodyOf(given: Record<string, unknown>, more: Partial<ConfigPlan> = {}) {
  const settings = parseSettings(given)
  const [region = ''] = settings.regions
  const [size] = settings.sizes
  if (!size) throw new Error('there is no size')
  return machineBody({
    spec: { key: 'k', name: '', owner: 'tests', settings: given },
    ...{ settings, region, size, image: 'own:1', volume: undefined, door: undefined },
    ...{ publicKey: publicKeyOf(makeDoorKey().privatePem), nonce: 'n', run: 'r', expires: 1_800_000_000_000 },
    ...more,
  })
}

test('match 11: what was not asked for is not there: no repositories, no output format, no session, no mounts', () => {
  const { config } = bodyOf({})
  expect(Object.keys(config.env ?? {}).sort()).toEqual([
    'LANG',
    'SKEIN_DOOR_KEY',
    'SKEIN_DOOR_NONCE',
    'SKEIN_DOOR_RUNNER',
  ])
  for (const name of ['mounts', 'files', 'init']) expect(config).not.toHaveProperty(name)
  const { config: other } = bodyOf({ dial: 'wss://example.org', env: ['A=b'] }, { volume: 'vol_1' })
  expect(other.env).toMatchObject({ A: 'b', SKEIN_DOOR_DIAL: 'wss://example.org', SKEIN_DOOR_MOUNT: '/data' })
  expect(other).toMatchObject({ mounts: [{ volume: 'vol_1', path: '/data' }], services: [] })
})
