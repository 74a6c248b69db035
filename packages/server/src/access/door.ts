import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Preview } from '../previews/registry.ts'

/** What comes with a request over TCP: its parts as node has them. */
export interface DoorBindings {
  incoming: IncomingMessage
  /** Of an ordinary request. */
  outgoing?: ServerResponse
  /** Of a request to speak WebSocket from now on. */
  upgrade?: { socket: Duplex; head: Buffer }
}

/** What the chain has found out about a request. */
export interface DoorVariables {
  /** `https://host:port` as the browser sees it. */
  origin: string
  /** The app, or the preview whose host was asked for. */
  site: 'app' | Preview
  /** Who it is, where the request had to say so. */
  who: Who | undefined
}

export type Who = { by: 'token' } | { by: 'browser'; browserId: string } | { by: 'preview' }

export interface DoorEnv {
  Bindings: DoorBindings
  Variables: DoorVariables
}
