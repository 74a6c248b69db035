import type { Ask, Change, Check, MachineInfo, Workspace } from '@skein/protocol'
import { expect, test } from 'vitest'
import { applyChanges, useLive } from './live.ts'

const workspace = (id: string, name = id) => ({ type: 'workspace', workspace: { id, name } as Workspace }) as const
const check = (workspaceId: string, name: string, run = 'x'): Change => ({
  type: 'check',
  check: { workspaceId, name, run, afterTurn: false, fixRounds: 0 } satisfies Check,
})
const empty = useLive.getState()

test('a change of one workspace leaves every other as the very same object', () => {
  const before = applyChanges(empty, [workspace('a'), workspace('b')])
  const after = applyChanges(before, [workspace('a', 'renamed')])
  expect(after.workspaces.get('a')?.name).toBe('renamed')
  expect(after.workspaces.get('b')).toBe(before.workspaces.get('b'))
  expect(before.workspaces.get('a')?.name).toBe('a')
  expect(after.asks).toBe(before.asks)
})

test('checks are kept by workspace and name, and other workspaces’ stay untouched', () => {
  const before = applyChanges(empty, [check('a', 'test'), check('b', 'test')])
  const after = applyChanges(before, [check('a', 'lint'), check('a', 'test', 'y')])
  expect([...(after.checks.get('a')?.values() ?? [])].map(({ name, run }) => [name, run])).toEqual([
    ['test', 'y'],
    ['lint', 'x'],
  ])
  expect(after.checks.get('b')).toBe(before.checks.get('b'))
  expect(before.checks.get('a')?.size).toBe(1)
})

test('what has gone is gone, and the rest is ready', () => {
  const ask = { id: 'q', state: 'open' } as Ask
  const live = applyChanges(empty, [workspace('a'), { type: 'ask', ask }, { type: 'ready' }])
  expect(live.ready).toBe(true)
  const after = applyChanges(live, [{ type: 'workspace_gone', workspaceId: 'a' }])
  expect(after.workspaces.size).toBe(0)
  expect(after.asks).toBe(live.asks)
})

test('a machine is what was said of it last, until it is gone', () => {
  const machine = (state: MachineInfo['state']): Change => ({
    type: 'machine',
    machine: { id: 'ssh:box', state } as MachineInfo,
  })
  const live = applyChanges(empty, [machine('connected'), machine('reconnecting')])
  expect([...live.machines.values()].map(({ state }) => state)).toEqual(['reconnecting'])
  expect(applyChanges(live, [{ type: 'machine_gone', machineId: 'ssh:box' }]).machines.size).toBe(0)
})
