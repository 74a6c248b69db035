import { setImmediate as turn } from 'node:timers/promises'
import { SkeinError } from '@skein/protocol'

/** The emulator's time. What machines really do takes real time; what Fly does around them takes this. */
export interface FlyClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Rejects when `signal` is aborted. `Infinity` waits for that alone. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets time pass; only a fake clock can. What was due happens in its order, with what it causes in between. */
  advance(ms: number): Promise<void>
  readonly fake: boolean
}

export function realClock(): FlyClock {
  return {
    fake: false,
    now: () => Date.now(),
    advance: () =>
      Promise.reject(
        new SkeinError('invalid', 'letting time pass in the Fly emulator: its clock is real', {
          next: 'Start it with `clock: fakeClock()`.',
        }),
      ),
    sleep: (ms, signal) =>
      pending(signal, (done) => {
        if (ms === Number.POSITIVE_INFINITY) return () => undefined
        const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1))
        return () => clearTimeout(timer)
      }),
  }
}

export interface FakeClock extends FlyClock {
  /** How many wait for time to pass. */
  readonly sleeping: number
}

/** Time stands still until `advance`. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    fake: true,
    get sleeping() {
      return sleepers.size
    },
    now: () => now,
    sleep: (ms, signal) =>
      pending(signal, (done) => {
        if (ms <= 0) {
          done()
          return () => undefined
        }
        const sleeper = { at: now + ms, wake: done }
        sleepers.add(sleeper)
        return () => sleepers.delete(sleeper)
      }),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const next = [...sleepers].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > end) break
        now = Math.max(now, next.at)
        sleepers.delete(next)
        next.wake()
      }
      now = end
      await settle()
    },
  }
}

function pending(signal: AbortSignal | undefined, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      stop()
      reject(signal?.reason)
    }
    // Registered first: `begin` may be done at once.
    signal?.addEventListener('abort', abort, { once: true })
    const stop = begin(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
  })
}

/** Promises and sockets that are ready get their turn. */
async function settle(): Promise<void> {
  for (let times = 0; times < 8; times++) await turn()
}
