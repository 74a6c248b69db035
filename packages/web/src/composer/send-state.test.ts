import type { Session, Workspace } from '@skein/protocol'
import { expect, test } from 'vitest'
import { sendStateOf } from './send-state.ts'

const workspace = (over: Partial<Workspace>) => ({ state: 'ready', ...over }) as Workspace
const session = (state: Session['state']) => ({ state }) as Session

test('a prompt is sent to an idle session and queued in a busy one', () => {
  expect(sendStateOf(workspace({}), session('idle'))).toEqual({ can: true, label: 'Send' })
  expect(sendStateOf(workspace({}), session('hibernated'))).toEqual({ can: true, label: 'Send' })
  expect(sendStateOf(workspace({}), session('working'))).toEqual({ can: true, label: 'Queue' })
})

test.each([
  [undefined, 'being read'],
  [workspace({ state: 'creating' }), 'being made'],
  [workspace({ state: 'failed', problem: { message: 'no git', next: 'Install git.' } }), 'could not be made'],
  [workspace({ state: 'removed' }), 'Restore it'],
])('where nothing can be sent, the reason stands there', (where, reason) => {
  const state = sendStateOf(where, session('idle'))
  expect(state.can).toBe(false)
  expect(state.reason).toContain(reason)
})

test('a session that is not there takes nothing', () => {
  expect(sendStateOf(workspace({}), undefined)).toMatchObject({ can: false, reason: 'This session is not there.' })
})
