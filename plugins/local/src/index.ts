import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'
import { localProvider } from './local-provider.ts'

export { createLocalProvider, localProvider } from './local-provider.ts'

/** Machines of the kind `local`: this computer. */
export const localPlugin: SkeinPlugin = definePlugin({
  name: 'local',
  activate(context) {
    context.subscriptions.push(context.machines.register(localProvider))
  },
})
