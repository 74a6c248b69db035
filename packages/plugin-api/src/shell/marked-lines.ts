import type { Duplex } from 'node:stream'
import { SkeinError } from '@skein/protocol'

const NOISE_KEPT = 4096
const LONGEST_LINE = 64 * 1024

/** What the other side said after the marker: the first word, and the rest of that line. */
export interface MarkedLine {
  word: string
  rest: string
}

/**
 * Reads lines that begin with a marker nobody else knows, and skips everything before it: banners, and what profiles print.
 * The marker may stand in the middle of a line, after a banner without an end.
 */
export class MarkedLines {
  readonly #stream: Duplex
  readonly #marker: Buffer
  #held: Buffer = Buffer.alloc(0)
  #ended = false
  #error: Error | undefined
  #noise = ''
  #wake: (() => void) | undefined

  constructor(stream: Duplex, marker: string) {
    this.#stream = stream
    this.#marker = Buffer.from(`${marker} `)
    stream.on('readable', this.#onReadable)
    stream.on('end', this.#onEnd)
    stream.on('close', this.#onEnd)
    stream.on('error', this.#onError)
  }

  /** The last of what came without the marker. */
  get noise(): string {
    const rest = this.#held.indexOf(this.#marker) === -1 ? this.#held.toString('utf8') : ''
    return `${this.#noise}${rest}`.slice(-NOISE_KEPT)
  }

  /** The next marked line; undefined when the stream ended first. Rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<MarkedLine | undefined> {
    const onAbort = () => this.#wake?.()
    signal.addEventListener('abort', onAbort)
    try {
      for (;;) {
        const line = this.#take()
        if (line !== undefined) return line
        signal.throwIfAborted()
        if (this.#ended) return undefined
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Gives the stream back, with what came after the last line in front. */
  async release(): Promise<void> {
    this.#stream.off('readable', this.#onReadable)
    this.#stream.off('end', this.#onEnd)
    this.#stream.off('close', this.#onEnd)
    this.#stream.off('error', this.#onError)
    if (this.#held.length > 0 && !this.#ended) this.#stream.unshift(this.#held)
    else if (this.#ended) this.#stream.destroy()
    // A stream forgets only in the next turn that somebody read it by hand.
    await new Promise((resolve) => setImmediate(resolve))
  }

  readonly #onReadable = () => {
    for (;;) {
      const bytes = this.#stream.read() as Buffer | null
      if (bytes === null) break
      this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
      this.#shorten()
    }
    this.#wake?.()
  }

  readonly #onEnd = () => {
    this.#ended = true
    this.#wake?.()
  }

  readonly #onError = (error: Error) => {
    this.#error = error
    this.#onEnd()
  }

  get error(): Error | undefined {
    return this.#error
  }

  /** Noise without end must not fill the memory. */
  #shorten(): void {
    if (this.#held.indexOf(this.#marker) !== -1) return
    const surplus = this.#held.length - this.#marker.length
    if (surplus <= NOISE_KEPT) return
    this.#noise = this.#held.subarray(surplus - NOISE_KEPT, surplus).toString('utf8')
    this.#held = this.#held.subarray(surplus)
  }

  #take(): MarkedLine | undefined {
    const at = this.#held.indexOf(this.#marker)
    if (at === -1) return undefined
    const start = at + this.#marker.length
    const end = this.#held.indexOf(10, start)
    if (end === -1) {
      if (this.#held.length - start > LONGEST_LINE) throw new SkeinError('invalid', 'an answer without an end')
      return undefined
    }
    if (at > 0) this.#noise = `${this.#noise}${this.#held.subarray(0, at).toString('utf8')}`.slice(-NOISE_KEPT)
    const text = this.#held.subarray(start, end).toString('utf8').replace(/\r$/, '')
    this.#held = this.#held.subarray(end + 1)
    const space = text.indexOf(' ')
    return space === -1 ? { word: text, rest: '' } : { word: text.slice(0, space), rest: text.slice(space + 1) }
  }
}
