import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { runProcess, SkeinError } from '@skein/plugin-api'
import { type SshLink, sshEnvironment } from './link.ts'

/** What ssh says (at DEBUG1) once the host has connected the stream; versions that do not say it are given this long. */
const JOINED = /master session id/
const GRACE_MS = 1500
/** A program that says `localhost` may listen at either. */
const LOOPBACK = ['127.0.0.1', '[::1]']
/** A stream that ends sooner, without a byte, was never connected. */
const REFUSED_MS = 2000

/**
 * Ports of the host's loopback through the shared connection. For each there is a Unix socket here at which ssh listens: a
 * browser that opens fifty connections starts no fifty processes, and the end of each direction is passed on.
 */
export class Forwards {
  readonly #link: SshLink
  readonly #name: string
  readonly #opening = new Map<number, Promise<boolean>>()

  constructor(link: SshLink, name: string) {
    this.#link = link
    this.#name = name
  }

  /** Undefined when it cannot be done so: nothing listens there, sshd does not allow it, or nothing is connected yet. */
  async open(port: number, signal?: AbortSignal): Promise<Duplex | undefined> {
    const socket = `${this.#link.socket}.${port}`
    const stream = await this.#connect(socket, port)
    if (stream || !this.#link.warm) return stream
    let opening = this.#opening.get(port)
    if (opening === undefined) {
      opening = this.#listen(socket, port).finally(() => this.#opening.delete(port))
      this.#opening.set(port, opening)
    }
    const there = await opening
    if (signal?.aborted) throw new SkeinError('cancelled', `${this.#name}: cancelled`, { cause: signal.reason })
    return there ? await this.#connect(socket, port) : undefined
  }

  async #listen(socket: string, port: number): Promise<boolean> {
    for (const host of LOOPBACK) {
      const address = `${host}:${port}`
      if (await this.#answers(address)) return await this.#link.listen(socket, address)
    }
    return false
  }

  /** ssh accepts first and asks the host then, so whether there is anybody must be found out before. */
  async #answers(address: string): Promise<boolean> {
    const run = await runProcess(this.#name, this.#link.probe(address), { env: sshEnvironment() })
    run.stream.on('error', () => {})
    let timer: NodeJS.Timeout | undefined
    let watch: NodeJS.Timeout | undefined
    try {
      return await Promise.race([
        run.exited.then(() => false),
        new Promise<true>((resolve) => {
          timer = setTimeout(() => resolve(true), GRACE_MS)
          watch = setInterval(() => {
            if (JOINED.test(run.stderr())) resolve(true)
          }, 5)
        }),
      ])
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
      run.kill()
      await run.exited
    }
  }

  async #connect(path: string, port: number): Promise<Socket | undefined> {
    const socket = connect({ path, allowHalfOpen: true })
    try {
      await once(socket, 'connect')
    } catch {
      socket.destroy()
      return undefined
    }
    const began = performance.now()
    socket.prependOnceListener('end', () => {
      if (socket.bytesRead > 0 || performance.now() - began > REFUSED_MS) return
      socket.destroy(
        new SkeinError('unavailable', `${this.#name}: nothing answers at port ${port}`, {
          details: { errno: 'ECONNREFUSED' },
        }),
      )
    })
    return socket
  }
}
