import { WebSocket } from 'ws'
import { issueDialTicket } from '../door/dial-ticket.ts'
import { TicketGate } from '../door/ticket.ts'
import type { DoorServer } from './server.ts'
import type { DoorSettings } from './settings.ts'

const PAUSE_MS = { first: 500, most: 30_000 }
const PING_MS = 20_000
const HANDSHAKE_MS = 15_000
const LARGEST_MESSAGE = 4 * 1024 * 1024

/** What the other end asks for over the line that is kept. */
interface Wanted {
  id: string
  ticket: string
  target: { run: true } | { port: number }
}

/**
 * Calls the owner's address and keeps the line, so that a machine needs no address of its own. Whoever is there says by a ticket that it is
 * the owner, and each connection that he wants is another call.
 */
export class Dialler {
  readonly #settings: DoorSettings & { dial: { url: string; secret: string } }
  readonly #server: DoorServer
  readonly #gate: TicketGate
  readonly #log: (line: string) => void
  #pause = PAUSE_MS.first

  constructor(
    settings: DoorSettings & { dial: { url: string; secret: string } },
    server: DoorServer,
    log: (line: string) => void,
  ) {
    this.#settings = settings
    this.#server = server
    this.#gate = new TicketGate(settings.publicKey, settings.machine)
    this.#log = log
  }

  start(): void {
    const line = this.#call('')
    let alive = true
    const pings = setInterval(() => {
      if (!alive) line.terminate()
      alive = false
      line.ping(() => undefined)
    }, PING_MS)
    line.on('pong', () => {
      alive = true
    })
    line.on('open', () => {
      this.#pause = PAUSE_MS.first
      this.#log('connected to its owner')
    })
    line.on('message', (data) => this.#open(String(data)))
    line.on('error', (error) => this.#log(`calling its owner: ${error.message}`))
    line.once('close', () => {
      clearInterval(pings)
      setTimeout(() => this.start(), this.#pause * (0.5 + Math.random() / 2))
      this.#pause = Math.min(PAUSE_MS.most, this.#pause * 2)
    })
  }

  #open(text: string): void {
    const wanted = parsed(text)
    const refusal = wanted ? this.#gate.refusal(wanted.ticket) : 'something that is no request'
    if (!wanted || refusal !== undefined) {
      this.#log(`the door stayed shut for ${refusal}`)
      return
    }
    const socket = this.#call(`/${wanted.id}`)
    socket.on('error', (error) => this.#log(`calling its owner: ${error.message}`))
    socket.once('open', () => this.#server.admit(socket, wanted.target))
  }

  #call(path: string): WebSocket {
    const { dial, machine } = this.#settings
    return new WebSocket(`${dial.url.replace(/\/+$/, '')}/skein/dial/${machine}${path}`, {
      headers: { authorization: `Bearer ${issueDialTicket(dial.secret, machine)}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: LARGEST_MESSAGE,
      perMessageDeflate: false,
      followRedirects: false,
    })
  }
}

function parsed(text: string): Wanted | undefined {
  try {
    const { id, ticket, target } = JSON.parse(text) as Partial<Wanted>
    if (typeof id !== 'string' || !/^[\w-]{1,60}$/.test(id) || typeof ticket !== 'string' || !target) return undefined
    if ('port' in target && !(Number.isInteger(target.port) && target.port > 0 && target.port < 65_536))
      return undefined
    return { id, ticket, target: 'port' in target ? { port: target.port } : { run: true } }
  } catch {
    return undefined
  }
}
