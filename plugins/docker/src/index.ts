import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'

export const dockerPlugin: SkeinPlugin = definePlugin({
  name: 'docker',
  activate() {},
})
