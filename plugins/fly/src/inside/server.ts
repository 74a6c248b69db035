import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { TicketGate } from '../door/ticket.ts'
import { type Commands, servePort } from './run.ts'
import type { DoorSettings } from './settings.ts'

const MOST_CLIENTS = 256
const LARGEST_MESSAGE = 4 * 1024 * 1024

/** Takes connections that bring a ticket: for a command, or to a port. */
export class DoorServer {
  readonly #server: Server
  readonly #clients = new Set<WebSocket>()
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false })
  readonly #gate: TicketGate
  readonly #commands: Commands
  readonly #log: (line: string) => void
  #lastClientAt: number
  readonly #now: () => number

  constructor(
    settings: Pick<DoorSettings, 'publicKey' | 'machine'>,
    commands: Commands,
    { log, now }: { log(line: string): void; now(): number },
  ) {
    this.#gate = new TicketGate(settings.publicKey, settings.machine)
    this.#commands = commands
    this.#log = log
    this.#now = now
    this.#lastClientAt = now()
    this.#server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (_request, response) => {
      response.writeHead(404, { connection: 'close' }).end()
    })
    this.#server.maxConnections = 2 * MOST_CLIENTS
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** On all addresses, by IPv6 where there is one: Fly's private network has no other. Answers the port. */
  async listen(port: number): Promise<number> {
    const on = (host: string) =>
      new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(port, host, () => {
          this.#server.off('error', reject)
          resolve()
        })
      })
    await on('::').catch(() => on('0.0.0.0'))
    return (this.#server.address() as AddressInfo).port
  }

  get clients(): number {
    return this.#clients.size
  }

  get lastClientAt(): number {
    return this.clients > 0 ? this.#now() : this.#lastClientAt
  }

  /** Serves a connection that was made from here. */
  admit(socket: WebSocket, target: { run: true } | { port: number }): void {
    this.#clients.add(socket)
    socket.on('close', () => {
      this.#clients.delete(socket)
      this.#lastClientAt = this.#now()
    })
    if ('run' in target) this.#commands.serve(socket)
    else servePort(socket, target.port)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#clients) socket.terminate()
    this.#server.closeAllConnections()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined)
    const target = targetOf(request.url ?? '')
    const status = target ? this.#refusal(request) : 404
    if (!target || status !== undefined) refuse(socket, status ?? 404)
    else this.#sockets.handleUpgrade(request, socket, head, (opened) => this.admit(opened, target))
  }

  /** The status of who is not let in. */
  #refusal(request: IncomingMessage): number | undefined {
    const [, ticket = ''] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
    const why = this.#gate.refusal(ticket)
    if (why !== undefined) this.#log(`the door stayed shut for ${why}`)
    if (why !== undefined) return 401
    return this.clients >= MOST_CLIENTS ? 429 : undefined
  }
}

function targetOf(url: string): { run: true } | { port: number } | undefined {
  if (url === '/skein/run') return { run: true }
  const port = Number(/^\/skein\/port\/(\d{1,5})$/.exec(url)?.[1])
  return port >= 1 && port <= 65_535 ? { port } : undefined
}

function refuse(socket: Duplex, status: number): void {
  const reasons: Record<number, string> = { 401: 'Unauthorized', 404: 'Not Found', 429: 'Too Many Requests' }
  socket.end(`HTTP/1.1 ${status} ${reasons[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
