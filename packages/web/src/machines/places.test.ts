import type { MachineInfo, MachineKind } from '@skein/protocol'
import { expect, test } from 'vitest'
import { placesOf } from './places.ts'

const kind = (kind: string, label: string, lifetime: MachineKind['lifetime']): MachineKind => ({
  ...{ kind, label, lifetime, isolated: lifetime === 'workspace', settings: [] },
})
const KINDS = [
  kind('local', 'this computer', 'shared'),
  kind('ssh', 'ssh host', 'shared'),
  kind('docker', 'container', 'workspace'),
]
const machine = (id: string, more: Partial<MachineInfo> = {}) =>
  ({ id, kind: id.split(':')[0], lifetime: 'shared', because: 'its runner answered', ...more }) as MachineInfo

test('a workspace can be put on what is known, in what is made for it, and on what is reached by name', () => {
  const machines = [
    machine('local'),
    machine('ssh:box'),
    machine('docker:big', { lifetime: 'workspace', template: true }),
    machine('docker:w-1', { lifetime: 'workspace' }),
  ]
  expect(placesOf(KINDS, machines).map(({ on }) => on)).toEqual(['local', 'ssh:box', 'docker:big', 'ssh:', 'docker'])
})

test('before anything is known there is this computer, and what kinds offer', () => {
  expect(placesOf(KINDS, []).map(({ name }) => name)).toEqual(['This computer', 'Another ssh host…', 'A new container'])
  expect(placesOf([], [])).toHaveLength(1)
})
