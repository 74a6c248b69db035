import { expect, test } from 'vitest'
import { CheckLogResumption, ServiceLogResumption } from './resumption-logs.ts'

test('of a log that comes from its beginning again, what was passed on is left out', () => {
  const log = new CheckLogResumption({ runId: 'r' })
  expect(log.receive({ offset: 0, text: 'abc' })).toEqual([{ offset: 0, text: 'abc' }])
  expect(log.receive({ offset: 3, text: 'de' })).toEqual([{ offset: 3, text: 'de' }])
  log.restart()
  expect(log.receive({ offset: 0, text: 'ab' })).toEqual([])
  expect(log.receive({ offset: 2, text: 'cdefg' })).toEqual([{ offset: 5, text: 'fg' }])
  expect(log.receive({ offset: 1000, text: 'x' })).toEqual([{ offset: 1000, text: 'x' }])
})

test('a service that was started again has another log', () => {
  const log = new ServiceLogResumption({ workspaceId: 'w', name: 'web' })
  expect(log.receive({ offset: 0, text: 'abc', epoch: 1 })).toHaveLength(1)
  expect(log.receive({ offset: 0, text: 'a', epoch: 2 })).toEqual([{ offset: 0, text: 'a', epoch: 2 }])
  log.restart()
  expect(log.receive({ offset: 0, text: 'ab', epoch: 2 })).toEqual([{ offset: 1, text: 'b', epoch: 2 }])
})
