import { rm } from 'node:fs/promises'
import type { Engine, Log } from '@skein/engine'
import type { SkeinPlugin } from '@skein/plugin-api'
import { openSkein } from '../open.ts'
import { Skein } from '../skein.ts'
import { endHeld } from './abandoned.ts'
import { startGuard } from './guard.ts'
import { hold, release } from './held.ts'
import { lastingHome, lockHome, temporaryHome } from './home.ts'
import { embeddedSettings } from './settings.ts'

export interface EmbedOptions {
  /**
   * Where its store and its workspaces lie: what is kept there can be found again, also by another process, one at a time. By default
   * a temporary folder that goes with it.
   */
  home?: string
  /** Beside the built-in ones. */
  plugins?: readonly SkeinPlugin[]
  log?: Log
  /** Stops waiting for a home that another program has. */
  signal?: AbortSignal
}

/**
 * Skein inside this process: no server, nothing that stays. When it is disposed, its agents and this computer's runner have ended; of a
 * temporary home nothing is left at all.
 *
 * @example
 * await using skein = await embed()
 * const { text } = await skein.run({ prompt: 'Say hello' })
 */
export async function embed(options: EmbedOptions = {}): Promise<Skein> {
  const temporary = options.home === undefined
  const home = options.home === undefined ? await temporaryHome() : lastingHome(options.home)
  await using undo = new AsyncDisposableStack()
  if (temporary) undo.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }))
  const lock = await lockHome(home, options.signal)
  undo.defer(() => lock.release())
  const guard = startGuard(home, temporary)
  undo.defer(() => guard.dismiss())
  const engine = await openSkein({
    home,
    settings: embeddedSettings(temporary),
    ...(options.plugins ? { plugins: options.plugins } : {}),
    ...(options.log ? { log: options.log } : {}),
  })
  undo.defer(() => closeEngine(engine, temporary))
  // What an earlier process of this home left when it died.
  endHeld(engine, home).catch((error: unknown) =>
    options.log?.('warn', 'what another process left was not ended', { error: String(error) }),
  )
  const parts = undo.move()
  return new Skein(engine.api, {
    keeps: !temporary,
    hold(key) {
      if (temporary) return
      hold(home, key)
    },
    release: (key) => release(home, key),
    async reap() {
      await engine.reap()
    },
    close: () => parts.disposeAsync(),
  })
}

async function closeEngine(engine: Engine, temporary: boolean): Promise<void> {
  try {
    // Snapshots and refs of ours in other people's repositories go too.
    if (temporary) await engine.reapHere()
    await engine.endHomeRunner()
  } finally {
    await engine.close()
  }
}
