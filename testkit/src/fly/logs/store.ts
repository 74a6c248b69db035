import type { FlyClock } from '../clock.ts'

/** Who wrote a line: the app's process (and Fly's init beside it), the host, or the proxy. */
export type LogProvider = 'app' | 'runner' | 'proxy'

export interface LogLine {
  /** Nanoseconds since 1970, as text: a number has not that many digits. Grows with each line. */
  readonly nanoseconds: bigint
  readonly app: string
  readonly region: string
  readonly machine: string
  readonly provider: LogProvider
  readonly level: 'info' | 'error' | 'warn'
  readonly message: string
  /** From when on the HTTP API shows it. */
  readonly shownAt: number
  /** As the machine's own clock has it. */
  readonly timestamp: number
}

export interface LogSource {
  readonly app: { readonly name: string }
  readonly region: string
  readonly id: string
  readonly clockSkewMs: number
}

const KEPT_MS = 7 * 24 * 3_600_000

/** All lines of all machines, the gone ones' too. */
export class LogStore {
  readonly lines: LogLine[] = []
  delayMs = 0
  readonly #clock: FlyClock
  readonly #listeners = new Set<(line: LogLine) => void>()
  #last = 0n

  constructor(clock: FlyClock) {
    this.#clock = clock
  }

  add(source: LogSource, provider: LogProvider, message: string, level: LogLine['level'] = 'info'): void {
    const now = this.#clock.now()
    const earliest = BigInt(now) * 1_000_000n
    this.#last = earliest > this.#last ? earliest : this.#last + 1n
    const line: LogLine = {
      nanoseconds: this.#last,
      app: source.app.name,
      region: source.region,
      machine: source.id,
      provider,
      level,
      message,
      shownAt: now + this.delayMs,
      timestamp: provider === 'app' ? now - source.clockSkewMs : now,
    }
    this.lines.push(line)
    for (const listener of this.#listeners) listener(line)
  }

  /** What is shown of an app by now, oldest first. */
  shown(app: string): LogLine[] {
    const now = this.#clock.now()
    return this.lines.filter((line) => line.app === app && line.shownAt <= now && line.timestamp > now - KEPT_MS)
  }

  listen(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
