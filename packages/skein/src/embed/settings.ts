import type { EngineSettings } from '@skein/engine'

const MINUTE_MS = 60_000

/**
 * How an engine works that lives in a program. If its process dies and even its guard with it, idle agents end by their machine's lease,
 * and working ones after a while: of a temporary home soon, since nobody could ever ask for them.
 */
export function embeddedSettings(temporary: boolean): Partial<EngineSettings> {
  return {
    // Nobody makes a second workspace of the same project often enough.
    poolSize: 0,
    ...(temporary ? { trashMs: 0 } : {}),
    lease: { ttlMs: 2 * MINUTE_MS, hardMs: temporary ? MINUTE_MS : 30 * MINUTE_MS, onEnd: 'exit' },
  }
}
