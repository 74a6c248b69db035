import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

// Also part of what runs inside: nothing of ours may be imported here.

/** What is said beside the bytes, as text messages: one JSON object each. */
export type Said =
  /** To the door: run this in a shell. */
  | { run: string }
  /** From the door: it runs, or the port answered. */
  | { ready: true }
  /** The side that says it sends no more bytes. */
  | { eof: true }
  | { stderr: string }
  | { exit: { code: number | null; signal: string | null } }
  | { refused: string; code: string }

/** Proxies cut what is silent for a minute. */
const PING_MS = 20_000

/** The bytes of a WebSocket's binary messages, no faster than they are taken. Destroying it ends the connection. */
export class WireStream extends Duplex {
  readonly #socket: WebSocket
  readonly #onSaid: (said: Said) => void
  readonly #pings: NodeJS.Timeout
  #alive = true
  #ended = false

  constructor(socket: WebSocket, onSaid: (said: Said) => void) {
    super({ highWaterMark: 64 * 1024 })
    this.#socket = socket
    this.#onSaid = onSaid
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data, isBinary) => {
      this.#alive = true
      if (!isBinary) return this.#hear(String(data))
      if (!this.#ended && !this.push(data as Buffer)) socket.pause()
    })
    socket.on('pong', () => {
      this.#alive = true
    })
    socket.on('close', () => this.#closed())
    socket.on('error', () => this.#closed())
    this.#pings = setInterval(() => this.#ping(), PING_MS)
    this.#pings.unref()
    socket.resume()
  }

  say(said: Said): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(said), () => undefined)
  }

  /** After everything that was said and sent. */
  hangUp(): void {
    this.#socket.close(1000)
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // Whoever writes to a connection that is gone hears of it by its end.
    this.#socket.send(bytes, { binary: true }, () => done())
  }

  override _final(done: () => void): void {
    this.say({ eof: true })
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#pings)
    this.#socket.terminate()
    done(error)
  }

  #hear(text: string): void {
    let said: Said
    try {
      said = JSON.parse(text) as Said
    } catch {
      return
    }
    if ('eof' in said) this.#end()
    else this.#onSaid(said)
  }

  #ping(): void {
    if (!this.#alive) return void this.destroy()
    // A reader that does not read hears no pong either.
    this.#alive = this.#socket.isPaused
    this.#socket.ping(() => undefined)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.push(null)
  }

  #closed(): void {
    clearInterval(this.#pings)
    if (this.destroyed) return
    // What was received is read first; whoever writes meanwhile writes to nobody.
    if (this.readableEnded) return void this.destroy()
    this.once('end', () => this.destroy())
    this.#end()
  }
}
