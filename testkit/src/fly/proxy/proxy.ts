import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { faultAnswer, sendRefusal } from '../http/send.ts'
import type { Lifecycle } from '../state/lifecycle.ts'
import type { Machine } from '../state/machine.ts'
import type { World } from '../state/world.ts'
import { type Choice, choose, NoMachine, type Wish } from './choose.ts'
import { LARGEST_REPLAY, parseReplay } from './replay.ts'

/** How long a machine may take until it listens. */
const PATIENCE = 20_000
const MOST_REPLAYS = 5

interface Passing {
  readonly request: IncomingMessage
  /** Undefined if it is too large to be sent again. */
  readonly body: Buffer | undefined
  readonly headers: IncomingHttpHeaders
  readonly replays: number
}

/** Fly Proxy: brings requests and WebSockets for `app.fly.dev` to a machine, and starts the machine if it must. */
export class FlyProxy {
  readonly #world: World
  readonly #life: Lifecycle

  constructor(world: World, life: Lifecycle) {
    this.#world = world
    this.#life = life
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (await this.#faulty(request, response)) return
      const size = Number(request.headers['content-length'] ?? (request.headers['transfer-encoding'] ? Number.NaN : 0))
      const body = size <= LARGEST_REPLAY ? await buffer(request) : undefined
      const passing = { request, body, headers: request.headers, replays: 0 }
      await this.#pass(passing, wishOf(request), (upstream, choice, again) => {
        upstream.once('upgrade', (_, socket) => socket.destroy())
        upstream.once('response', (answer) => {
          if (again(answer)) return
          response.writeHead(answer.statusCode ?? 502, headersOf(answer, choice))
          answer.pipe(response)
          answer.once('close', () => {
            if (!answer.complete) response.destroy()
          })
        })
        upstream.on('error', (error) => void fail(response, new NoMachine(502, 'PC01', error.message)))
        response.once('close', () => upstream.destroy())
      })
    } catch (error) {
      fail(response, error)
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined)
    const refuse = (error: unknown) => {
      const status = error instanceof NoMachine ? error.status : 502
      socket.end(`HTTP/1.1 ${status} Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    }
    try {
      const fault = this.#world.faults.for('Proxy_request', [wishOf(request).app])
      if (fault?.kind === 'reset') return void (socket as Socket).resetAndDestroy()
      if (fault && /^\d+$/.test(fault.kind)) return refuse(new NoMachine(Number(fault.kind), 'PX', 'fault'))
      const passing = { request, body: Buffer.alloc(0), headers: request.headers, replays: 0 }
      await this.#pass(passing, wishOf(request), (upstream, choice, again) => {
        upstream.once('upgrade', (answer, inside, first) => {
          socket.write(headOf(answer, choice))
          inside.unshift(first)
          if (head.length > 0) inside.write(head)
          join(socket, inside)
        })
        upstream.once('response', (answer) => {
          if (again(answer)) return
          socket.write(headOf(answer, choice))
          answer.pipe(socket)
        })
        upstream.on('error', refuse)
        socket.once('close', () => upstream.destroy())
      })
    } catch (error) {
      refuse(error)
    }
  }

  /** To the machine that it is for, and on to another as long as the answer is a replay. */
  async #pass(
    passing: Passing,
    wish: Wish,
    handle: (upstream: ClientRequest, choice: Choice, again: (answer: IncomingMessage) => boolean) => void,
  ): Promise<void> {
    const choice = choose(this.#world, wish)
    const { machine, port } = choice
    const connection = await this.#connect(choice)
    this.#follow(machine, connection, choice)
    const { request, body } = passing
    const upstream = httpRequest({
      createConnection: () => connection as Socket,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: {
        ...passing.headers,
        ...addedHeaders(request),
        host: passing.headers.host ?? `localhost:${port}`,
        // Each has a connection of its own, which is to end with it.
        connection: passing.headers.upgrade === undefined ? 'close' : 'upgrade',
      },
    })
    handle(upstream, choice, (answer) => {
      const header = answer.headers['fly-replay']
      if (typeof header !== 'string' || passing.replays >= MOST_REPLAYS || passing.body === undefined) return false
      answer.resume()
      const { wish: next, source } = parseReplay(header, machine)
      const headers = { ...passing.headers, 'fly-replay-src': source }
      this.#pass({ ...passing, headers, replays: passing.replays + 1 }, next, handle).catch((error: unknown) =>
        upstream.emit('error', error),
      )
      return true
    })
    if (body === undefined) request.pipe(upstream)
    else upstream.end(body)
  }

  async #connect({ machine, port, service }: Choice): Promise<Duplex> {
    const end = performance.now() + PATIENCE
    if (['stopped', 'suspended', 'suspending'].includes(machine.state) && service.autostart !== false) {
      this.#world.logs.add(machine, 'proxy', 'Starting machine')
      this.#life.start(machine)
    }
    while (performance.now() < end && !this.#world.closing.aborted) {
      const { box } = machine
      if (machine.state === 'started' && box !== undefined && (await box.isListening(port))) return box.connect(port)
      if (['destroying', 'destroyed', 'failed', 'launch_failed'].includes(machine.state)) break
      await sleep(10)
    }
    const message = `instance refused connection. is your app listening on 0.0.0.0:${port}? make sure it is not only listening on 127.0.0.1`
    this.#world.logs.add(machine, 'proxy', `[PC01] ${message}`, 'error')
    throw new NoMachine(502, 'PC01', message)
  }

  /** Cut when its machine goes; when the last one ends, the machine may be stopped after a while. */
  #follow(machine: Machine, connection: Duplex, { service }: Choice): void {
    machine.connections.add(connection)
    connection.on('error', () => undefined)
    connection.once('close', () => {
      machine.connections.delete(connection)
      if (service.autostop === undefined || service.autostop === 'off' || service.autostop === false) return
      this.#stopWhenIdle(machine, service.autostop === 'suspend').catch(() => undefined)
    })
  }

  async #stopWhenIdle(machine: Machine, suspends: boolean): Promise<void> {
    const { box } = machine
    const { clock, behaviour, closing, logs } = this.#world
    await clock.sleep(behaviour.autostopMs, closing)
    const least = machine.config.services?.[0]?.min_machines_running ?? 0
    const running = [...machine.app.machines.values()].filter(({ state }) => state === 'started').length
    if (machine.connections.size > 0 || machine.state !== 'started' || machine.box !== box || running <= least) return
    logs.add(machine, 'proxy', `App ${machine.app.name} has excess capacity, autostopping machine ${machine.id}`)
    if (suspends) this.#life.suspend(machine)
    else this.#life.stop(machine, {})
  }

  async #faulty(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const fault = this.#world.faults.for('Proxy_request', [wishOf(request).app])
    if (fault === undefined) return false
    if (fault.kind === 'reset') request.socket.resetAndDestroy()
    else if (fault.kind === 'slow') await this.#world.clock.sleep(fault.delayMs ?? 1_000, this.#world.closing)
    else if (fault.kind !== 'hang') sendRefusal(response, faultAnswer(fault))
    return fault.kind !== 'slow'
  }
}

/** The app is the first part of the host's name, unless a header of the emulator's own says it. */
function wishOf({ headers }: IncomingMessage): Wish {
  const named = headers['fly-emulator-app']
  return {
    app: typeof named === 'string' ? named : (headers.host ?? '').replace(/:\d+$/, '').replace(/\.fly\.dev$/, ''),
    force: one(headers['fly-force-instance-id']),
    prefer: one(headers['fly-prefer-instance-id']),
  }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function addedHeaders(request: IncomingMessage): Record<string, string> {
  const client = request.socket.remoteAddress ?? '127.0.0.1'
  return {
    'fly-client-ip': client,
    'fly-forwarded-port': '443',
    'fly-region': 'iad',
    'x-forwarded-for': client,
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    via: '1.1 fly.io',
  }
}

function headersOf({ headers, statusCode }: IncomingMessage, { unavailable }: Choice): IncomingHttpHeaders {
  const told = unavailable === undefined ? {} : { 'fly-preferred-instance-unavailable': unavailable }
  const { connection, 'keep-alive': _, 'transfer-encoding': __, ...rest } = headers
  const upgraded = statusCode === 101 && connection !== undefined ? { connection } : {}
  return { ...rest, ...upgraded, ...told, via: '1.1 fly.io', server: 'Fly/emulator (2026-05-07)' }
}

function headOf(answer: IncomingMessage, choice: Choice): string {
  const lines = Object.entries(headersOf(answer, choice)).flatMap(([name, value]) =>
    [value ?? []].flat().map((single) => `${name}: ${single}`),
  )
  return [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`, ...lines, '', ''].join('\r\n')
}

function join(outside: Duplex, inside: Duplex): void {
  inside.on('error', () => outside.destroy())
  outside.on('error', () => inside.destroy())
  inside.once('close', () => outside.destroy())
  outside.once('close', () => inside.destroy())
  outside.pipe(inside).pipe(outside)
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const { status, code } = error instanceof NoMachine ? error : { status: 502, code: 'PC01' }
  response.writeHead(status, { 'content-type': 'text/plain', 'fly-emulator-reason': code })
  response.end(error instanceof Error ? error.message : String(error))
}
