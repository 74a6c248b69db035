import { SkeinError } from '@skein/plugin-api'
import { WebSocket } from 'ws'
import type { Connect } from './fly-door.ts'
import { issueTicket } from './ticket.ts'

const HANDSHAKE_MS = 15_000
const LARGEST_MESSAGE = 4 * 1024 * 1024

export interface ProxyPlace {
  app: string
  machine: string
  /** Where Fly Proxy is, where it is not at the app's own address. */
  proxy: string | undefined
  privateKey(): string
}

/** What Fly Proxy, or the door, answered instead of opening. */
export class DoorRefused extends SkeinError {
  readonly status: number

  constructor(machine: string, status: number, message: string) {
    const shut = status === 401
    super(shut ? 'unauthorized' : 'unavailable', `the door of ${machine}: ${message}`, {
      next: shut
        ? 'The machine belongs to another installation of Skein, or the clocks differ by minutes.'
        : 'Try again. `skein machine diagnose` says more.',
      details: { status },
    })
    this.status = status
  }
}

/** Through Fly Proxy, to this one machine and no other. */
export function throughProxy(place: ProxyPlace): Connect {
  return async (target, signal) => {
    const base = (place.proxy ?? `https://${place.app}.fly.dev`).replace(/^http/, 'ws').replace(/\/+$/, '')
    const path = 'port' in target ? `/skein/port/${target.port}` : '/skein/run'
    const socket = new WebSocket(`${base}${path}`, {
      headers: {
        ...(place.proxy === undefined ? {} : { host: `${place.app}.fly.dev` }),
        'fly-force-instance-id': place.machine,
        authorization: `Bearer ${issueTicket(place.privateKey(), place.machine)}`,
      },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: LARGEST_MESSAGE,
      perMessageDeflate: false,
      followRedirects: false,
    })
    await opened(socket, place.machine, signal)
    return socket
  }
}

function opened(socket: WebSocket, machine: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: SkeinError): void => {
      signal?.removeEventListener('abort', stop)
      socket.on('error', () => undefined)
      socket.terminate()
      reject(error)
    }
    const stop = (): void => fail(new SkeinError('cancelled', `the door of ${machine}: cancelled`))
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) return stop()
    socket.once('error', (error) => fail(new DoorRefused(machine, 0, error.message)))
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      const status = response.statusCode ?? 0
      const said = response.headers['fly-error'] ?? response.statusMessage ?? ''
      fail(new DoorRefused(machine, status, `${status} ${String(said)}`.trim()))
    })
    socket.once('open', () => {
      signal?.removeEventListener('abort', stop)
      // Until the stream listens, which may be after the first message came.
      socket.pause()
      socket.on('error', () => undefined)
      resolve()
    })
  })
}
