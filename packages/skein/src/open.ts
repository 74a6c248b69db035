import { createEngine, type Engine, type EngineOptions, type EngineSettings, type Log } from '@skein/engine'
import type { SkeinPlugin } from '@skein/plugin-api'
import { claudePlugin } from '@skein/plugin-claude'
import { dockerPlugin } from '@skein/plugin-docker'
import { flightScriptsPlugin } from '@skein/plugin-flight-scripts'
import { flyPlugin } from '@skein/plugin-fly'
import { localPlugin } from '@skein/plugin-local'
import { sshPlugin } from '@skein/plugin-ssh'
import { tunnelsPlugin } from '@skein/plugin-tunnels'
import { runnerBundle } from './runner-bundle.ts'
import { version } from './version.ts'

/** What comes with Skein. They use the same door as anybody's plugin. */
export const builtInPlugins: readonly SkeinPlugin[] = [
  localPlugin,
  sshPlugin,
  dockerPlugin,
  flyPlugin,
  flightScriptsPlugin,
  tunnelsPlugin,
  claudePlugin,
]

export interface OpenOptions {
  /** Where state lies; it exists, with mode 0700. */
  home: string
  log?: Log
  settings?: Partial<EngineSettings>
  /** Beside the built-in ones. */
  plugins?: readonly SkeinPlugin[]
  /** What sessions are given when whoever makes them gives nothing, as the web app does. */
  environment?: EngineOptions['environment']
  demo?: EngineOptions['demo']
}

/** Puts the parts together: the engine with the built-in plugins, owning the store of `home`. */
export function openSkein(options: OpenOptions): Promise<Engine> {
  const { home, log = () => undefined, settings, plugins = [], environment, demo } = options
  return createEngine({
    home,
    plugins: [...builtInPlugins, ...plugins],
    version,
    runnerBundle,
    log,
    ...(settings ? { settings } : {}),
    ...(environment ? { environment } : {}),
    ...(demo ? { demo } : {}),
  })
}
