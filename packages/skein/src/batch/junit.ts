import type { BatchReport, RequestOutcome } from './outcome.ts'

/** A batch's results as JUnit XML, as CI systems show it: a test case for each request. */
export function junitOf(report: BatchReport, name = 'skein batch'): string {
  const { outcomes, counts } = report
  const failures = counts.failed + counts.timed_out
  const errors = counts.unknown
  const skipped = counts.cancelled + counts.not_started
  const totals = `tests="${outcomes.length}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds(report.durationMs)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${escaped(name)}" ${totals}>`,
    ...outcomes.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase(outcome: RequestOutcome): string {
  const { id, tag, startedAt, endedAt, workspace, costUsd, attempts, branch, text } = outcome
  const time = startedAt === undefined || endedAt === undefined ? 0 : endedAt - startedAt
  const properties = Object.entries({ id, workspace, branch, attempts, costUsd }).flatMap(([name, value]) =>
    value === undefined ? [] : [`        <property name="${name}" value="${escaped(String(value))}"/>`],
  )
  return [
    `    <testcase name="${escaped(tag ?? id)}" classname="${escaped(id)}" time="${seconds(time)}">`,
    '      <properties>',
    ...properties,
    '      </properties>',
    ...verdict(outcome),
    ...(text === '' ? [] : [`      <system-out>${escaped(text)}</system-out>`]),
    '    </testcase>',
  ].join('\n')
}

function verdict({ status, error }: RequestOutcome): string[] {
  if (status === 'succeeded') return []
  const message = escaped(error?.message ?? status.replace('_', ' '))
  const kind = escaped(error?.class ?? status)
  if (status === 'not_started' || status === 'cancelled') return [`      <skipped message="${message}"/>`]
  const element = status === 'unknown' ? 'error' : 'failure'
  return [`      <${element} message="${message}" type="${kind}">${escaped(error?.next ?? '')}</${element}>`]
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** XML knows no control characters, not even escaped ones. */
function escaped(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken away
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '�')
      .replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)
      .replace(/[\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`)
  )
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}
