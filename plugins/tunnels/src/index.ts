import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'
import { cloudflaredTunnels } from './cloudflared.ts'
import { ngrokTunnels } from './ngrok.ts'
import { ownHostTunnels } from './own-host.ts'

/** Ways for share links: Cloudflare's quick tunnels, one's own host by ssh, and ngrok. */
export const tunnelsPlugin: SkeinPlugin = definePlugin({
  name: 'tunnels',
  activate(context) {
    for (const provider of [ownHostTunnels, cloudflaredTunnels, ngrokTunnels])
      context.subscriptions.push(context.tunnels.register(provider))
  },
})
