import { expect, test } from 'vitest'
import { exitText, lastExit } from './exit.ts'
import { FlyEvent } from './shapes.ts'

const event = (type: string, timestamp: number, request?: unknown) => FlyEvent.parse({ type, timestamp, request })
const said = {
  exit_code: 1,
  guest_exit_code: 7,
  guest_signal: -1,
  signal: -1,
  oom_killed: false,
  requested_stop: false,
}

test('match 25: the exit code is read from exit_event and from both wrappers, the monitor’s first, in every known form', () => {
  const forms: Record<string, unknown> = {
    a: { exit_event: { ...said, exited_at: 1737212339191 }, restart_count: 0 },
    b: { exit_event: { ...said, exited_at: '2026-09-20T10:00:00.123456789Z', guest_error: '', error: '' } },
    c: { MonitorEvent: { exit_event: said }, exit_event: { ...said, guest_exit_code: 9 } },
    d: { monitor_event: { exit_event: said } },
    e: { exit_event: { guest_exit_code: 7 } },
  }
  for (const [form, request] of Object.entries(forms))
    expect([form, lastExit([event('exit', 5, request)])]).toEqual([
      form,
      expect.objectContaining({ outcome: 'exited', code: 7 }),
    ])
  expect(lastExit([event('exit', 5, forms.a)]).at).toBe(1737212339191)
  expect(lastExit([event('exit', 5, forms.b)]).at).toBe(Date.parse('2026-09-20T10:00:00.123Z'))
  expect(lastExit([event('exit', 5, { exit_event: { exited_at: 5 } })])).toMatchObject({ outcome: 'exited', code: 0 })
})

test('better 8: the newest exit since the newest start counts, whatever the order, with signal and memory', () => {
  const events = [
    event('exit', 10, { exit_event: { exit_code: 3 } }),
    event('start', 20),
    event('exit', 30, { exit_event: { exit_code: 0, guest_exit_code: 0, oom_killed: true } }),
    event('launch', 1),
  ]
  for (const order of [events, [...events].reverse()])
    expect(lastExit(order)).toMatchObject({ outcome: 'exited', code: 137, outOfMemory: true })
  expect(lastExit(events.slice(0, 2))).toMatchObject({ outcome: 'unknown' })
  const killed = lastExit([event('exit', 5, { exit_event: { exit_code: 137, guest_signal: 9, requested_stop: true } })])
  expect(exitText(killed)).toBe('it ended with SIGKILL, because somebody stopped it')
})

test('better 9: no event, or one that does not say how, is unknown, never a success', () => {
  for (const events of [
    undefined,
    null,
    [],
    [event('exit', 5)],
    [event('exit', 5, { exit_event: {} })],
    [event('start', 9)],
  ])
    expect(lastExit(events)).toMatchObject({ outcome: 'unknown', code: undefined })
  expect(exitText(lastExit([]))).toContain('does not say')
})
