import { expect, it } from 'vitest'
import { poolText } from './pool-text.ts'

const pool = { projectId: 'p', projectName: 'one', size: 3, ready: 2, preparing: 0 }

it('says how many machines wait, how many are being made, and that one could not be', () => {
  expect(poolText(pool)).toBe('2 of 3 ready')
  expect(poolText({ ...pool, ready: 0, preparing: 1, problem: 'no room' })).toBe(
    '0 of 3 ready, 1 being made, the last could not be made',
  )
})
