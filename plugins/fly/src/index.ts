import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'
import { createFlyProvider } from './provider.ts'

export { DEFAULT_APP, ensureApp, getApp } from './api/apps.ts'
export { endpointsOf, FlyClient, type FlyClientOptions, type FlyEndpoints } from './api/client.ts'
export { exitText, lastExit, type MachineExit } from './api/exit.ts'
export { FlyError, type Reason } from './api/failure.ts'
export { findToken } from './api/token.ts'
export { type DrainOptions, type LogDrain, startLogDrain } from './drain/receiver.ts'
export { doorFiles } from './image/door-bundle.ts'
export { hasOwnDoor, ownImage } from './image/names.ts'
export { FLY_PLATFORM, type PublishedImage, type PublishOptions, publishImage } from './image/publish.ts'
export { type ConsoleLine, followLogs, machineLogs } from './logs/api.ts'
export type { LogLine } from './logs/entry.ts'
export { createFlyProvider, type FlyProviderOptions } from './provider.ts'

/** Machines of the kind `fly`: a Fly.io Machine for each workspace. */
export const flyPlugin: SkeinPlugin = definePlugin({
  name: 'fly',
  activate(context) {
    context.subscriptions.push(context.machines.register(createFlyProvider()))
  },
})
