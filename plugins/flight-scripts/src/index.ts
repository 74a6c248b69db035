import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'

export const flightScriptsPlugin: SkeinPlugin = definePlugin({
  name: 'flight-scripts',
  activate() {},
})
