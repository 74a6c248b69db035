import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'
import { createSshProvider } from './provider.ts'

export { createSshProvider, type SshProviderOptions } from './provider.ts'

/** Machines of the kind `ssh`: hosts that this computer's own ssh can log in to. */
export const sshPlugin: SkeinPlugin = definePlugin({
  name: 'ssh',
  activate(context) {
    const provider = createSshProvider()
    context.subscriptions.push(context.machines.register(provider))
  },
})
