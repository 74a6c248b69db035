import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Stop } from './stop.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('match 35: the time of silence counts once the agent is at work and begins anew with each event; the whole time does not', () => {
  using quiet = new Stop({ idleTimeout: 100 })
  vi.advanceTimersByTime(1000)
  expect(quiet.reason).toBeUndefined()
  quiet.begin()
  for (let n = 0; n < 10; n++) {
    vi.advanceTimersByTime(90)
    quiet.heard()
  }
  expect(quiet.reason).toBeUndefined()
  vi.advanceTimersByTime(101)
  expect(quiet.reason).toBe('timed_out')

  using total = new Stop({ idleTimeout: 100, timeout: 250 })
  total.begin()
  for (let n = 0; n < 3; n++) {
    vi.advanceTimersByTime(90)
    total.heard()
  }
  expect(total).toMatchObject({ reason: 'timed_out', detail: expect.stringContaining('250') })
})

it('the first reason counts', () => {
  const controller = new AbortController()
  using stop = new Stop({ signal: controller.signal, timeout: 50 })
  controller.abort(new Error('enough'))
  controller.abort()
  vi.advanceTimersByTime(60)
  expect(stop).toMatchObject({ reason: 'cancelled', detail: 'enough' })
  expect(stop.signal.aborted).toBe(true)
})

it('nothing is left of it on the caller’s signal', () => {
  const controller = new AbortController()
  const stop = new Stop({ signal: controller.signal })
  stop[Symbol.dispose]()
  controller.abort()
  expect(stop.reason).toBeUndefined()
})
