import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { FlyToken } from '../options.ts'
import type { LogLine, LogStore } from './store.ts'

/**
 * The feed of log lines as Fly's private network has it: NATS, the organisation as user and a token as password, a subject for each
 * machine (`logs.APP.REGION.MACHINE`). Who is not there when a line comes never sees it.
 */
export class LogFeed {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #stop: () => void

  private constructor(server: Server, stop: () => void) {
    this.#server = server
    this.#stop = stop
  }

  static async start(logs: LogStore, { org, tokens }: { org: string; tokens: readonly FlyToken[] }): Promise<LogFeed> {
    const subscribers = new Set<Subscriber>()
    const server = createServer()
    const stop = logs.listen((line) => {
      for (const subscriber of subscribers) subscriber.send(line)
    })
    const feed = new LogFeed(server, stop)
    server.on('connection', (socket) => {
      const subscriber = new Subscriber(
        socket,
        ({ user, pass }) => user === org && tokens.some(({ value }) => value === pass),
      )
      feed.#sockets.add(socket)
      subscribers.add(subscriber)
      socket.once('close', () => {
        feed.#sockets.delete(socket)
        subscribers.delete(subscriber)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return feed
  }

  get url(): string {
    const address = this.#server.address()
    return `nats://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  close(): void {
    this.#stop()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

/** One client, and as much of the protocol as it takes to listen. */
class Subscriber {
  readonly #socket: Socket
  readonly #isAllowed: (options: { user?: string; pass?: string }) => boolean
  readonly #subjects = new Map<string, RegExp>()
  #rest = ''
  #known = false

  constructor(socket: Socket, isAllowed: (options: { user?: string; pass?: string }) => boolean) {
    this.#socket = socket
    this.#isAllowed = isAllowed
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    const info = {
      server_id: 'emulator',
      version: '2.10.0',
      max_payload: 1_048_576,
      auth_required: true,
      headers: false,
    }
    socket.write(`INFO ${JSON.stringify(info)}\r\n`)
  }

  send(line: LogLine): void {
    const subject = `logs.${line.app}.${line.region}.${line.machine}`
    for (const [id, pattern] of this.#subjects) {
      if (!pattern.test(subject)) continue
      const payload = JSON.stringify(view(line))
      this.#socket.write(`MSG ${subject} ${id} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`)
    }
  }

  #read(text: string): void {
    const lines = `${this.#rest}${text}`.split('\r\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#command(line)
  }

  #command(line: string): void {
    const [verb = '', ...words] = line.split(/\s+/)
    if (verb.toUpperCase() === 'CONNECT') this.#connect(line.slice(verb.length))
    else if (!this.#known) this.#refuse('Authorization Violation')
    else if (verb.toUpperCase() === 'PING') this.#socket.write('PONG\r\n')
    // With a queue group there is one word more.
    else if (verb.toUpperCase() === 'SUB') this.#subjects.set(words.at(-1) ?? '', patternOf(words[0] ?? ''))
    else if (verb.toUpperCase() === 'UNSUB') this.#subjects.delete(words[0] ?? '')
    else if (verb.toUpperCase() !== 'PONG') this.#refuse('Unknown Protocol Operation')
  }

  #connect(json: string): void {
    const options = parsed(json)
    this.#known = this.#isAllowed(options)
    if (!this.#known) this.#refuse('Authorization Violation')
    else if (options.verbose === true) this.#socket.write('+OK\r\n')
  }

  #refuse(why: string): void {
    this.#socket.end(`-ERR '${why}'\r\n`)
  }
}

function parsed(json: string): { user?: string; pass?: string; verbose?: boolean } {
  try {
    return JSON.parse(json) as { user?: string; pass?: string; verbose?: boolean }
  } catch {
    return {}
  }
}

/** `*` is one part of a subject, `>` all that follow. */
function patternOf(subject: string): RegExp {
  const parts = subject.split('.').map((part) => {
    if (part === '*') return '[^.]+'
    return part === '>' ? '.+' : part.replaceAll(/[\\^$|?+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('\\.')}$`)
}

function view(line: LogLine): unknown {
  return {
    event: { provider: line.provider },
    fly: { app: { instance: line.machine, name: line.app }, region: line.region },
    host: 'emulator',
    log: { level: line.level },
    message: line.message,
    timestamp: new Date(line.timestamp).toISOString(),
  }
}
