import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { SkeinError } from '@skein/protocol'

/** A namespace's address. */
const GUEST = '10.0.2.100'

/** Joins a network namespace to this computer's network, in user mode: outwards everything, inwards the ports that are asked for. */
export class SlirpNetwork {
  /** This computer's loopback, from inside. */
  static readonly hostLoopback = '10.0.2.2'
  readonly #process: ChildProcess
  readonly #socket: string
  readonly #forwards = new Map<number, Promise<number>>()

  private constructor(process: ChildProcess, socket: string) {
    this.#process = process
    this.#socket = socket
  }

  /** Ends when this process ends, however it does: descriptor 3 is our end of a pipe. */
  static async join(pid: number, socket: string): Promise<SlirpNetwork> {
    const args = [
      '--configure',
      '--mtu=65520',
      '--exit-fd=3',
      '--ready-fd=4',
      `--api-socket=${socket}`,
      String(pid),
      'tap0',
    ]
    const child = spawn('slirp4netns', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] })
    let log = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      log = `${log}${chunk}`.slice(-4096)
    })
    child.stdio[3]?.on('error', () => undefined)
    const ready = child.stdio[4]
    const failed = (why: unknown) =>
      new SkeinError('missing', `joining a machine to the network: slirp4netns ${why} ${log}`, {
        next: 'Install Debian’s slirp4netns.',
      })
    await new Promise<void>((resolve, reject) => {
      child.once('error', (error) => reject(failed(error.message)))
      child.once('exit', (code) => reject(failed(`ended with ${code}`)))
      ready?.once('data', () => resolve())
    })
    child.on('error', () => undefined)
    return new SlirpNetwork(child, socket)
  }

  /** A connection to a port inside. */
  async connect(port: number): Promise<Socket> {
    const forward = this.#forwards.get(port) ?? this.#forward(port)
    this.#forwards.set(port, forward)
    forward.catch(() => this.#forwards.delete(port))
    const socket = connect(await forward, '127.0.0.1')
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return socket
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const closed = once(this.#process, 'close')
    this.#process.kill('SIGKILL')
    await closed
  }

  async #forward(port: number): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const outside = await freePort()
      const arguments_ = {
        proto: 'tcp',
        host_addr: '127.0.0.1',
        host_port: outside,
        guest_addr: GUEST,
        guest_port: port,
      }
      const answer = await this.#ask({ execute: 'add_hostfwd', arguments: arguments_ })
      if (!answer.includes('"error"')) return outside
      // Somebody else may have taken the port meanwhile.
      if (attempt === 4) throw new SkeinError('unavailable', `forwarding to port ${port} of a machine: ${answer}`)
    }
  }

  async #ask(request: object): Promise<string> {
    const socket = connect(this.#socket)
    await once(socket, 'connect')
    socket.end(JSON.stringify(request))
    return text(socket)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
