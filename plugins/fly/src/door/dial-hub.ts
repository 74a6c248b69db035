import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { SkeinError } from '@skein/plugin-api'
import { type WebSocket, WebSocketServer } from 'ws'
import { DialTickets, dialSecret } from './dial-ticket.ts'
import type { Connect } from './fly-door.ts'
import { DoorRefused } from './through-proxy.ts'
import { issueTicket } from './ticket.ts'

/** Where machines' calls arrive unless `dialListen` says otherwise; a tunnel leads there. */
export const DIAL_LISTEN = '127.0.0.1:7338'

const LARGEST_MESSAGE = 4 * 1024 * 1024
const CALL_MS = 20_000
const PATH = /^\/skein\/dial\/([0-9a-z]{1,40})(?:\/([\w-]{1,60}))?$/

/** Machines that may call, by the secret that they were given. */
interface Expected {
  secret: string
  /** The line that is kept, where the machine has called. */
  line: WebSocket | undefined
  /** Calls that were asked for. */
  waiting: Map<string, (socket: WebSocket) => void>
}

/** Takes the calls of machines. */
export class DialHub implements AsyncDisposable {
  readonly #machines = new Map<string, Expected>()
  readonly #tickets = new DialTickets()
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false })
  readonly #server: Server

  private constructor() {
    this.#server = createServer((_request, response) => response.writeHead(404, { connection: 'close' }).end())
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** @param listen `HOST:PORT` */
  static async start(listen: string): Promise<DialHub> {
    const hub = new DialHub()
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(listen) ?? []
    await new Promise<void>((resolve, reject) => {
      hub.#server.once('error', (error) => reject(SkeinError.from(error, `waiting for calls of machines on ${listen}`)))
      hub.#server.listen(Number(port), host.replace(/^\[|\]$/g, ''), resolve)
    })
    // Lines alone keep no process.
    hub.#server.unref()
    return hub
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** To a machine that calls. */
  connect({ app, machine, privateKey }: { app: string; machine: string; privateKey(): string }): Connect {
    const expected: Expected = this.#machines.get(machine) ?? {
      secret: dialSecret(privateKey(), app),
      line: undefined,
      waiting: new Map(),
    }
    this.#machines.set(machine, expected)
    return (target, signal) => {
      const { line, waiting } = expected
      if (!line) throw new DoorRefused(machine, 503, 'it has not called yet')
      const id = randomBytes(12).toString('base64url')
      const late = AbortSignal.timeout(CALL_MS)
      const patience = signal ? AbortSignal.any([signal, late]) : late
      return new Promise<WebSocket>((resolve, reject) => {
        const stop = () => {
          waiting.delete(id)
          reject(
            signal?.aborted
              ? new SkeinError('cancelled', `the door of ${machine}: cancelled`)
              : new DoorRefused(machine, 504, `it did not call within ${CALL_MS / 1000} s`),
          )
        }
        patience.addEventListener('abort', stop, { once: true })
        waiting.set(id, (socket) => {
          patience.removeEventListener('abort', stop)
          waiting.delete(id)
          resolve(socket)
        })
        line.send(JSON.stringify({ id, target, ticket: issueTicket(privateKey(), machine) }), () => undefined)
        if (patience.aborted) stop()
      })
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined)
    const [, machine = '', id] = PATH.exec(request.url ?? '') ?? []
    const [, ticket = ''] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
    const expected = this.#machines.get(machine)
    if (!expected || !this.#tickets.accepts(expected.secret, machine, ticket)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => undefined)
      if (id === undefined) return keepLine(expected, opened)
      const take = expected.waiting.get(id)
      // Until the stream listens.
      opened.pause()
      if (take) take(opened)
      else opened.terminate()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

/** The newest call counts: the one before may be dead without knowing it. */
function keepLine(expected: Expected, line: WebSocket): void {
  expected.line?.terminate()
  expected.line = line
  line.on('close', () => {
    if (expected.line === line) expected.line = undefined
  })
}
