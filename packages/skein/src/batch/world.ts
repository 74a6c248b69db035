import { type AttemptContext, type AttemptEnd, runAttempt } from './attempt.ts'
import type { NamedRequest } from './request.ts'

/** Time and chance, and what carries an attempt out; passed in so that the order of things can be tested. */
export interface BatchWorld {
  now(): number
  random(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  attempt(request: NamedRequest, context: AttemptContext): Promise<AttemptEnd>
}

export const realWorld: BatchWorld = {
  now: () => Date.now(),
  random: () => Math.random(),
  attempt: runAttempt,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1))
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    }),
}
