import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { SkeinError } from '@skein/plugin-api'
import { type LogLine, parseEntry } from '../logs/entry.ts'

export interface DrainOptions {
  /** Whoever sends must bring it as `Authorization: Bearer …`; a new one is made unless given. */
  token?: string
  /** Loopback unless given. */
  host?: string
  port?: number
  /** Of one body, also after it is unpacked; 8 MiB unless given. */
  mostBytes?: number
  /** Connections at once; 32 unless given. */
  mostConnections?: number
  /** Lines of one machine that wait to be read; beyond them the oldest are dropped and counted. 10,000 unless given. */
  mostWaiting?: number
}

export interface DrainCounts {
  lines: number
  /** Entries that could not be read. */
  malformed: number
  /** Lines of Fly itself, or of machines that nobody follows. */
  passedOver: number
  /** Lines that nobody read in time. */
  dropped: number
  /** Requests without the token, or too large. */
  refused: number
}

/** Receives what log shippers send: NDJSON or JSON arrays, plain or gzip, in one piece or in chunks. */
export interface LogDrain extends AsyncDisposable {
  readonly url: string
  readonly token: string
  readonly counts: Readonly<DrainCounts>
  /** A machine's lines from now on. stderr only on request; Fly's own lines never. Ends with `close`, the signal, or the drain. */
  follow(machine: string, options?: { stderr?: boolean; signal?: AbortSignal }): AsyncIterableIterator<LogLine>
  close(): Promise<void>
}

const unpack = promisify(gunzip)
const MOST_MACHINES = 1000

/** Starts a receiver. Closing it twice is harmless. */
export async function startLogDrain(options: DrainOptions = {}): Promise<LogDrain> {
  const token = options.token ?? randomBytes(24).toString('base64url')
  if (token.length < 8)
    throw new SkeinError('invalid', 'the log drain: its token is too short', { next: 'Give 8 characters or more.' })
  const drain = new Drain(token, options)
  await drain.listen(options.host ?? '127.0.0.1', options.port ?? 0)
  return drain
}

class Drain implements LogDrain {
  readonly token: string
  readonly counts: DrainCounts = { lines: 0, malformed: 0, passedOver: 0, dropped: 0, refused: 0 }
  readonly #options: DrainOptions
  readonly #followers = new Map<string, Set<Follower>>()
  readonly #server: Server
  #url = ''
  #closing: Promise<void> | undefined

  constructor(token: string, options: DrainOptions) {
    this.token = token
    this.#options = options
    this.#server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
      this.#receive(request, response).catch(() => answer(response, 400))
    })
    this.#server.maxConnections = options.mostConnections ?? 32
  }

  get url(): string {
    return this.#url
  }

  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(SkeinError.from(error, 'starting the log drain')))
      this.#server.listen(port, host, resolve)
    })
    const { address, port: chosen, family } = this.#server.address() as AddressInfo
    this.#url = `http://${family === 'IPv6' ? `[${address}]` : address}:${chosen}/`
  }

  follow(machine: string, { stderr = false, signal }: { stderr?: boolean; signal?: AbortSignal } = {}): Follower {
    if (this.#followers.size >= MOST_MACHINES)
      throw new SkeinError('conflict', `the log drain follows ${MOST_MACHINES} machines already`)
    const follower = new Follower(stderr, this.#options.mostWaiting ?? 10_000, this.counts, () => {
      const others = this.#followers.get(machine)
      others?.delete(follower)
      if (others?.size === 0) this.#followers.delete(machine)
    })
    this.#followers.set(machine, (this.#followers.get(machine) ?? new Set()).add(follower))
    signal?.addEventListener('abort', () => void follower.return(), { once: true })
    if (signal?.aborted || this.#closing) void follower.return()
    return follower
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      for (const followers of this.#followers.values()) for (const follower of followers) void follower.return()
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isSame(request.headers.authorization ?? '', `Bearer ${this.token}`))
      return this.#refuse(request, response, 401)
    if (request.method !== 'POST' && request.method !== 'PUT') return this.#refuse(request, response, 405)
    const most = this.#options.mostBytes ?? 8 * 1024 * 1024
    const body = await bodyOf(request, most)
    if (body === undefined) return this.#refuse(request, response, 413)
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity' && encoding !== 'gzip') return this.#refuse(request, response, 415)
    const plain = encoding === 'gzip' ? await unpack(body, { maxOutputLength: most }).catch(() => undefined) : body
    if (plain === undefined) return this.#refuse(request, response, 400)
    for (const value of entriesOf(plain.toString('utf8'))) this.#deliver(value)
    answer(response, 204)
  }

  #deliver(value: unknown): void {
    const line = parseEntry(value)
    if (!line) {
      this.counts.malformed++
      return
    }
    const followers = this.#followers.get(line.machine)
    if (line.source === 'platform' || !followers) {
      this.counts.passedOver++
      return
    }
    const { source: _, ...shown } = line
    this.counts.lines++
    for (const follower of followers) follower.push(shown)
  }

  #refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
    this.counts.refused++
    request.resume()
    response.setHeader('connection', 'close')
    answer(response, status)
  }
}

/** What waits for one reader. */
class Follower implements AsyncIterableIterator<LogLine> {
  readonly #stderr: boolean
  readonly #most: number
  readonly #counts: DrainCounts
  readonly #onEnd: () => void
  readonly #waiting: LogLine[] = []
  readonly #readers: ((result: IteratorResult<LogLine>) => void)[] = []
  #ended = false

  constructor(stderr: boolean, most: number, counts: DrainCounts, onEnd: () => void) {
    this.#stderr = stderr
    this.#most = most
    this.#counts = counts
    this.#onEnd = onEnd
  }

  push(line: LogLine): void {
    if (this.#ended || (line.stream === 'stderr' && !this.#stderr)) return
    const reader = this.#readers.shift()
    if (reader) {
      reader({ done: false, value: line })
      return
    }
    this.#waiting.push(line)
    if (this.#waiting.length <= this.#most) return
    this.#waiting.shift()
    this.#counts.dropped++
  }

  next(): Promise<IteratorResult<LogLine>> {
    const value = this.#waiting.shift()
    if (value) return Promise.resolve({ done: false, value })
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  /** What came before is still read. */
  return(): Promise<IteratorResult<LogLine>> {
    if (!this.#ended) {
      this.#ended = true
      this.#onEnd()
      for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined })
    }
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Of an array, or of lines; what cannot be read stands for itself as undefined. */
function entriesOf(text: string): unknown[] {
  if (text.trimStart().startsWith('[')) {
    const array = parsed(text)
    if (Array.isArray(array)) return array
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const value = parsed(line)
      return Array.isArray(value) ? value : [value]
    })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undefined: it is larger than it may be. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length
    if (size > most) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** In a time that tells nothing of the content. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(wanted))
}

function answer(response: ServerResponse, status: number): void {
  if (response.headersSent) return
  response.writeHead(status).end()
}
