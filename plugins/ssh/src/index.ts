import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'

export const sshPlugin: SkeinPlugin = definePlugin({
  name: 'ssh',
  activate() {},
})
