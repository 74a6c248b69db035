import { expect, it } from 'vitest'
import { healthOf } from './health.ts'
import { parseMonitorOutput } from './monitor-output.ts'

const card = { name: 'db', status: 'up', health: 'healthy', metrics: [] }

it.each([
  ['an array', '[{"name":"db","status":"up"}]'],
  ['an object of services', '{"services":[{"name":"db","status":"up"}]}'],
  ['log lines before it', 'checking…\n[1/2] db\n{"services":[{"name":"db","status":"up"}]}\n'],
  ['log lines around it', '{"level":"info"}\n[{"name":"db","status":"up"}]\ndone'],
  ['JSON over several lines after a log line', 'checking…\n[\n  {\n    "name": "db", "status": "up"\n  }\n]\n'],
])('must match 17: parses %s', (_what, text) => {
  expect(parseMonitorOutput(text)).toEqual([card])
})

it('must match 17: metrics are a list, or an object whose keys are sorted; what is not a scalar is "-"', () => {
  const [list, object] = parseMonitorOutput(
    JSON.stringify([
      {
        name: 'a',
        metrics: [
          { label: 'cpu', value: 0.5 },
          { label: 'on', value: true },
          { label: 'x', value: null },
        ],
      },
      { name: 'b', metrics: { z: 'last', a: 1, list: [1] } },
    ]),
  )
  expect(list?.metrics).toEqual([
    { label: 'cpu', value: '0.5' },
    { label: 'on', value: 'true' },
    { label: 'x', value: '-' },
  ])
  expect(object?.metrics).toEqual([
    { label: 'a', value: '1' },
    { label: 'list', value: '-' },
    { label: 'z', value: 'last' },
  ])
})

it.each(['ok', 'Online', 'RUNNING', 'healthy', 'up', 'ready'])('must match 18: %s is healthy', (status) => {
  expect(healthOf(status)).toBe('healthy')
})
it.each(['error', 'errored', 'failed', 'Failure', 'offline', 'stopped', 'down', 'critical'])(
  'must match 18: %s is critical',
  (status) => {
    expect(healthOf(status)).toBe('critical')
  },
)
it.each(['starting', 'unknown', '', 'upp'])('must match 18: %j is a warning', (status) => {
  expect(healthOf(status)).toBe('warning')
})

it('must match 18: cards are sorted critical, warning, healthy; a health that is told goes before the status', () => {
  const services = [
    { name: 'a', status: 'up' },
    { name: 'b' },
    { name: 'c', status: 'up', health: 'critical' },
    { name: 'd', health: 'healthy' },
    { name: 'e', status: 'down' },
  ]
  expect(
    parseMonitorOutput(JSON.stringify(services)).map(({ name, status, health }) => [name, status, health]),
  ).toEqual([
    ['c', 'up', 'critical'],
    ['e', 'down', 'critical'],
    ['b', 'unknown', 'warning'],
    ['a', 'up', 'healthy'],
    ['d', 'healthy', 'healthy'],
  ])
})

it.each([
  ['[{"name":"a"},{"name":"b","health":"fine"}]', /service 2 has a health/],
  ['[{"status":"up"}]', /service 1 has no name/],
  ['all is well', /no list of services/],
])('refuses %s', (text, message) => {
  expect(() => parseMonitorOutput(text)).toThrow(message)
})
