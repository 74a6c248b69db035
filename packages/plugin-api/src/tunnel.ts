import type { MachineSetting } from '@skein/protocol'
import type { Diagnosis } from './machine.ts'

/** What a tunnel is to be opened for. */
export interface TunnelSpec {
  /** A listener of this computer that serves one share and nothing else. */
  target: { host: string; port: number }
  /** The name that people shall see, where the person asked for one. */
  hostname?: string
  /** The provider's own settings, as its `settings` describe them. No secrets: those are the service's own login's. */
  settings: Record<string, unknown>
  /** Aborting ends an opening that is under way, and whatever it has begun. */
  signal: AbortSignal
}

/** A way from the internet to one listener of this computer. */
export interface Tunnel {
  /** Where people reach it: `https://…`, without a path. */
  readonly url: string
  /** Opening it again, with the same settings, gives the same `url`. */
  readonly keepsUrl: boolean
  /** The request header in which the tunnel tells a visitor's address, in lower case. Of a list, its last entry counts. */
  readonly visitorHeader?: string
  /** Resolves when it has ended, however that came, with one sentence that says why. */
  readonly ended: Promise<string>
  /** Resolves when nothing of it is left. */
  close(): Promise<void>
}

/** What a tunnel provider may use of Skein. */
export interface TunnelContext {
  /** `$SKEIN_HOME`, absolute. */
  home: string
  /** For the server's log. */
  log(message: string): void
}

/**
 * Leads people from the internet to a listener of this computer. What it starts must not outlive this process, whatever this
 * process dies of: a tunnel that is left alone would lead to whoever gets the port next.
 */
export interface TunnelProvider {
  readonly kind: string
  /** For people: "Cloudflare quick tunnel". */
  readonly label: string
  /** One sentence: whose servers the traffic passes, and who can read it there. */
  readonly about: string
  /** A tunnel can be asked for under a name of the person's own. */
  readonly takesHostname: boolean
  readonly settings: readonly MachineSetting[]
  /** Whether one could be opened with these settings; never throws for what it finds. */
  available(settings: Record<string, unknown>, context: TunnelContext): Promise<Diagnosis>
  /** Resolves when people can reach the target. Throws `missing` for what a person must install or set. */
  open(spec: TunnelSpec, context: TunnelContext): Promise<Tunnel>
}
