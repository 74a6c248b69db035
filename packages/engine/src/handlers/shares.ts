import { SkeinError } from '@skein/protocol'
import type { CallHandlers } from '../api.ts'

/** Shares are a server's: it has the listener that their tunnels lead to. */
export function shareHandlers(): Pick<CallHandlers, Extract<keyof CallHandlers, `shares.${string}`>> {
  return {
    'shares.ways': noServer,
    'shares.configureWay': noServer,
    'shares.list': async () => [],
    'shares.create': noServer,
    'shares.open': noServer,
    'shares.revoke': noServer,
    'shares.visits': noServer,
  }
}

async function noServer(): Promise<never> {
  throw new SkeinError('unavailable', 'share links need the server', { next: 'Connect to it, as `skein share` does.' })
}
