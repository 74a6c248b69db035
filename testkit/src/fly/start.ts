import type { FlyEmulator } from './emulator.ts'
import type { FlyOptions } from './options.ts'

/** Starts a Fly.io of the test's own: its Machines API, logs, proxy, and machines that are real processes. */
export async function startFly(options: FlyOptions = {}): Promise<FlyEmulator> {
  // Loaded only when it is wanted: it is large, and much else imports this package.
  const { Emulator } = await import('./emulator.ts')
  return Emulator.start(options)
}
