import type { Workspace } from '@skein/protocol'
import { expect, it } from 'vitest'
import { outOfReach } from './out-of-reach.ts'

const workspace = (status: Partial<Workspace['status']>): Pick<Workspace, 'status' | 'machine'> => ({
  machine: 'ssh:box',
  status: { status: 'unknown', because: '', evidence: [], ...status },
})

it('a machine that is being reconnected to is out of reach, since the link was lost', () => {
  const evidence = [{ what: 'the link was lost', at: 17 }, { what: 'a turn runs' }]
  const because = 'reconnecting to ssh:box; when it was last heard of, a turn runs'
  expect(outOfReach(workspace({ because, evidence }))).toEqual({ because: 'the link was lost', since: 17 })
})

it('what is unknown for another reason, or known, is in reach', () => {
  expect(outOfReach(workspace({ because: 'nobody knows' }))).toBeUndefined()
  expect(outOfReach(workspace({ status: 'working', because: 'a turn runs' }))).toBeUndefined()
})
