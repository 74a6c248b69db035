import type { Tunnel, TunnelContext, TunnelProvider } from '@skein/engine'
import { SkeinError } from '@skein/protocol'
import type { Logger } from 'pino'
import { type Listener, listen } from '../listener.ts'
import { ShareDoor, type ShareDoorOptions } from './door.ts'

export interface LiveShareOptions extends Omit<ShareDoorOptions, 'at'> {
  provider: TunnelProvider
  hostname: string | undefined
  settings: Record<string, unknown>
  context: TunnelContext
  logger: Logger
}

/** A share that people can see: a listener of its own on the loopback, and the tunnel that leads to it. */
export class LiveShare {
  readonly #door: ShareDoor
  readonly #listener: Listener
  readonly #tunnel: Tunnel
  #ending: Promise<void> | undefined

  private constructor(door: ShareDoor, listener: Listener, tunnel: Tunnel) {
    this.#door = door
    this.#listener = listener
    this.#tunnel = tunnel
  }

  static async open(options: LiveShareOptions, signal: AbortSignal): Promise<LiveShare> {
    const { provider, hostname, settings, context, logger } = options
    let tunnel: Tunnel | undefined
    const at = () => tunnel && { origin: new URL(tunnel.url).origin, visitorHeader: tunnel.visitorHeader }
    const door = new ShareDoor({ ...options, at })
    const listener = await listen({ host: '127.0.0.1', port: 0 }, door.handlers, logger)
    try {
      const target = { host: '127.0.0.1', port: listener.port }
      tunnel = await provider.open(
        { target, settings, signal, ...(hostname === undefined ? {} : { hostname }) },
        context,
      )
      expectSafe(tunnel.url)
      return new LiveShare(door, listener, tunnel)
    } catch (error) {
      await tunnel?.close()
      await listener.close(0)
      throw error
    }
  }

  get origin(): string {
    return new URL(this.#tunnel.url).origin
  }

  get keepsUrl(): boolean {
    return this.#tunnel.keepsUrl
  }

  /** Resolves when the tunnel has ended, with why. */
  get ended(): Promise<string> {
    return this.#tunnel.ended
  }

  /** Cuts everybody at once. The listener goes last: a tunnel without it would lead to whoever gets its port. */
  close(): Promise<void> {
    this.#ending ??= (async () => {
      this.#door.cut()
      await this.#tunnel.close()
      this.#door.cut()
      await this.#listener.close(0)
    })()
    return this.#ending
  }
}

/** Throws where people's requests would go unencrypted. */
function expectSafe(url: string): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || hostname === 'localhost' || hostname === '127.0.0.1' || hostname.endsWith('.localhost'))
    return
  throw new SkeinError('invalid', `the tunnel leads from ${url}, and a link has to be https`, {
    next: 'Set an address that begins with https://.',
  })
}
