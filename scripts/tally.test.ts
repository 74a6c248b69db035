import { expect, test } from 'vitest'
import { closingLine, tallyOf } from './tally.ts'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
})
const line = (...testResults: unknown[]) => closingLine(tallyOf(JSON.stringify({ testResults })))

test('the closing line counts the tests of all files', () => {
  expect(line(file('passed', 'passed', 'skipped', 'todo'), file('failed', 'failed', 'passed', 'pending'))).toBe(
    '2 passed, 1 failed, 3 skipped',
  )
})

test('a file that could not be loaded counts as a failure', () => {
  expect(line(file('failed'), file('passed', 'passed'))).toBe('1 passed, 1 failed, 0 skipped')
})
