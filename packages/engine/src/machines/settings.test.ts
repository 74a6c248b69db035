import type { MachineProvider } from '@skein/plugin-api'
import { expect, it } from 'vitest'
import { checkedSettings } from './settings.ts'

const provider = {
  kind: 'cloud',
  settings: [
    { name: 'image', type: 'text', about: 'What it is made from.', required: true },
    { name: 'cpus', type: 'number', about: 'How many.', default: 2 },
    { name: 'spot', type: 'flag', about: 'May be taken away.' },
    { name: 'hosts', type: 'list', about: 'That it may reach.' },
    { name: 'network', type: 'text', about: 'What it may reach.', choices: ['all', 'none'] },
  ],
} as const satisfies Pick<MachineProvider, 'kind' | 'settings'> as unknown as MachineProvider

it('takes values as programs give them and as a command line does, and fills in defaults', () => {
  expect(checkedSettings(provider, { image: 'x' })).toEqual({ image: 'x', cpus: 2 })
  expect(checkedSettings(provider, { image: 'x', cpus: '4', spot: 'true', hosts: 'a, b', network: 'none' })).toEqual({
    image: 'x',
    cpus: 4,
    spot: true,
    hosts: ['a', 'b'],
    network: 'none',
  })
})

it.each([
  [{}, 'needs the setting "image"'],
  [{ image: 'x', colour: 'red' }, 'has no setting "colour"'],
  [{ image: 'x', cpus: 'many' }, '"cpus" of a machine of the kind cloud is to be a number'],
  [{ image: 'x', spot: 'maybe' }, 'is to be true or false'],
  [{ image: 'x', hosts: [1] }, 'is to be a list'],
  [{ image: 'x', network: 'some' }, 'is to be one of all, none'],
])('refuses %j, naming the setting', (given, message) => {
  expect(() => checkedSettings(provider, given)).toThrow(message)
})
