export type { Engine, EngineSettings, Log } from '@skein/engine'
export { builtInPlugins, type OpenOptions, openSkein } from './open.ts'
export { runnerBundle } from './runner-bundle.ts'
export { version } from './version.ts'
