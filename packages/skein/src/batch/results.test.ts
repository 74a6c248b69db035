import { expect, it } from 'vitest'
import { junitOf } from './junit.ts'
import { type RequestOutcome, reportOf } from './outcome.ts'
import { tableOf } from './table.ts'

const outcome = (more: Partial<RequestOutcome>): RequestOutcome => ({
  index: 0,
  id: 'id',
  status: 'succeeded',
  text: '',
  attempts: 1,
  costUsd: 0.25,
  inputTokens: 0,
  outputTokens: 0,
  files: [],
  artifacts: [],
  ...more,
})

const report = reportOf('batch', [
  outcome({
    id: 'a',
    tag: 'first',
    text: 'Done.\nAll of it.',
    startedAt: 1000,
    endedAt: 3500,
    workspace: 'swift-heron',
  }),
  outcome({
    id: 'b',
    status: 'failed',
    text: '\x1b[31mred\x1b[0m ]]> <b>&"\ud800',
    error: { class: 'model', code: 'model', message: 'no <such> model "x"' },
  }),
  outcome({ id: 'c', status: 'unknown', error: { class: 'machine', code: 'process_lost', message: 'lost' } }),
  outcome({ id: 'd', status: 'not_started', attempts: 0, costUsd: 0 }),
])

it('a table tells each outcome and the sums', () => {
  const table = tableOf(report)
  expect(table).toMatch(/^succeeded {4}first {4}swift-heron {9}\$0\.25 {2}Done\.$/m)
  expect(table).toMatch(/^failed .*no <such> model "x"$/m)
  expect(table).toMatch(/^1 succeeded, 1 failed, 1 unknown, 1 not started, \$0\.75$/m)
})

/** The names of elements in order, each closed as it should be; throws for what is no XML. */
function elements(xml: string): string[] {
  const open: string[] = []
  const names: string[] = []
  const rest = xml.replace(/<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>/g, (_, closing, name, __, empty) => {
    if (closing) expect(open.pop()).toBe(name)
    else names.push(name)
    if (!closing && !empty) open.push(name)
    return ''
  })
  expect(open).toEqual([])
  expect(
    rest.replace('<?xml version="1.0" encoding="UTF-8"?>', '').replace(/&(?:amp|lt|gt|quot|apos|#\d+);/g, ''),
  ).not.toMatch(/[<&]/)
  return names
}

it('JUnit XML is well-formed, whatever agents say, and counts as CI systems count', () => {
  const xml = junitOf(report, 'a "batch"')
  const cases = elements(xml).filter((name) => !/^propert/.test(name))
  expect(cases).toEqual(
    'testsuites testsuite testcase system-out testcase failure system-out testcase error testcase skipped'.split(' '),
  )
  expect(xml).toContain('tests="4" failures="1" errors="1" skipped="1" time="2.500"')
  expect(xml).toContain('<testcase name="first" classname="a" time="2.500">')
  expect(xml).toContain('<failure message="no &lt;such&gt; model &quot;x&quot;" type="model">')
  expect(xml).toContain('<system-out>Done.&#10;All of it.</system-out>')
  expect(xml).toContain(']]&gt; &lt;b&gt;&amp;&quot;\ufffd</system-out>')
})
