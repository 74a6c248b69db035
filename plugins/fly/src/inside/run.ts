import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import type { WebSocket } from 'ws'
import { WireStream } from '../door/wire.ts'
import type { DoorSettings } from './settings.ts'

const FIRST_WORD_MS = 15_000
/** Of a command's output after its end, which something that it left behind may hold open. */
const LINGER_MS = 2000

/** Commands that clients run; they end with their connection, and with the machine. */
export class Commands {
  readonly #running = new Set<ChildProcessWithoutNullStreams>()
  readonly #settings: Pick<DoorSettings, 'user' | 'home' | 'environment'>

  constructor(settings: Pick<DoorSettings, 'user' | 'home' | 'environment'>) {
    this.#settings = settings
  }

  /** The client says what to run; then the connection's bytes are its stdin and stdout. */
  serve(socket: WebSocket): void {
    let child: ChildProcessWithoutNullStreams | undefined
    const late = setTimeout(() => stream.destroy(), FIRST_WORD_MS)
    const stream = new WireStream(socket, (said) => {
      if (!('run' in said) || child) return
      clearTimeout(late)
      child = this.#start(said.run, stream)
    })
    stream.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(late)
      if (child) endGroup(child, 'SIGKILL')
    })
  }

  /** Asks everything to end. */
  end(signal: NodeJS.Signals): void {
    for (const child of this.#running) endGroup(child, signal)
  }

  get running(): number {
    return this.#running.size
  }

  #start(command: string, stream: WireStream): ChildProcessWithoutNullStreams {
    const { user, home, environment } = this.#settings
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: home,
      env: environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(user ?? {}),
    })
    this.#running.add(child)
    child.once('error', (error) => {
      this.#running.delete(child)
      stream.say({ refused: error.message, code: 'code' in error ? String(error.code) : '' })
      stream.hangUp()
    })
    child.once('spawn', () => stream.say({ ready: true }))
    for (const part of [child.stdin, child.stdout, child.stderr]) part.on('error', () => undefined)
    stream.pipe(child.stdin)
    child.stdout.pipe(stream, { end: false })
    child.stderr.setEncoding('utf8').on('data', (text: string) => stream.say({ stderr: text.slice(-8192) }))
    const output = new Promise<void>((resolve) => child.stdout.once('close', resolve))
    child.once('exit', (code, signal) => {
      this.#running.delete(child)
      const lingering = new Promise<void>((resolve) => setTimeout(resolve, LINGER_MS).unref())
      void Promise.race([output, lingering]).then(() => {
        stream.say({ exit: { code, signal } })
        // What is still on its way to the client goes first.
        stream.end(() => stream.hangUp())
      })
    })
    return child
  }
}

/** Joins the connection to a port of this machine's loopback. */
export function servePort(socket: WebSocket, port: number): void {
  const stream = new WireStream(socket, () => undefined)
  stream.on('error', () => undefined)
  const hosts = ['127.0.0.1', '::1']
  const connect = (): void => {
    const host = hosts.shift() ?? '127.0.0.1'
    const target = createConnection({ host, port, allowHalfOpen: true })
    target.setNoDelay(true)
    const refuse = (error: Error): void => {
      if (hosts.length > 0) {
        connect()
        return
      }
      stream.say({ refused: error.message, code: 'code' in error ? String(error.code) : '' })
      stream.hangUp()
    }
    target.once('error', refuse)
    target.once('connect', () => {
      target.off('error', refuse)
      target.on('error', () => stream.destroy())
      stream.say({ ready: true })
      stream.pipe(target)
      target.pipe(stream)
      socket.once('close', () => target.destroy())
      target.once('close', () => stream.end(() => stream.hangUp()))
    })
  }
  connect()
}

function endGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}
