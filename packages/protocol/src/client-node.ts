import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { SkeinApi } from './api.ts'
import { type ClientOptions, connectionError, createClient, MAX_REQUEST, type Transport } from './client.ts'
import { SkeinError } from './errors.ts'

export { type Lock, tryLock } from './kernel-lock.ts'

/** A server on this computer, or one behind a URL that takes a token. */
export type HttpTarget = { socketPath: string } | { url: string; token: string }

/**
 * `SkeinApi` over node's HTTP, connections kept alive. Nothing is sent before the first call.
 *
 * @example
 * await using api = createHttpClient({ socketPath: '/home/me/.skein/server.sock' })
 * const { version } = await api.call('server.info', {})
 */
export function createHttpClient(target: HttpTarget, options: ClientOptions = {}): SkeinApi {
  return createClient(new NodeTransport(target), options)
}

class NodeTransport implements Transport {
  readonly #secure: boolean
  readonly #agent: HttpAgent
  readonly #options: RequestOptions
  readonly #where: string

  constructor(target: HttpTarget) {
    if ('socketPath' in target) {
      this.#secure = false
      this.#where = target.socketPath
      this.#options = { socketPath: target.socketPath, headers: { host: 'skein' } }
    } else {
      const url = new URL(target.url)
      this.#secure = url.protocol === 'https:'
      this.#where = url.origin
      this.#options = {
        hostname: url.hostname,
        port: url.port,
        headers: { host: url.host, authorization: `Bearer ${target.token}` },
      }
    }
    this.#agent = this.#secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  }

  async post(path: string, body: string, signal: AbortSignal) {
    const payload = Buffer.from(body)
    if (payload.length > MAX_REQUEST)
      throw new SkeinError(
        'invalid',
        `${path}: a request of ${payload.length} bytes is over the limit of ${MAX_REQUEST}`,
      )
    for (let again = false; ; again = true) {
      const response = await this.#send(path, payload, signal, again)
      if (response) return { status: response.statusCode ?? 0, body: this.#read(response) }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
  }

  /** undefined: the server had closed this idle connection just before it took the request; another connection will do. */
  #send(path: string, payload: Buffer, signal: AbortSignal, again: boolean): Promise<IncomingMessage | undefined> {
    return new Promise((resolve, reject) => {
      const send = this.#secure ? httpsRequest : httpRequest
      const request = send({
        ...this.#options,
        method: 'POST',
        path,
        agent: this.#agent,
        signal,
        headers: { ...this.#options.headers, 'content-type': 'application/json', 'content-length': payload.length },
      })
      request.once('response', resolve)
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (request.reusedSocket && !signal.aborted) resolve(undefined)
        else if (!again && (error.syscall === 'connect' || error.syscall === 'getaddrinfo'))
          reject(connectionError('failed', `cannot connect to the server at ${this.#where}: ${error.message}`, error))
        else reject(connectionError('lost', `the connection to ${this.#where} was lost before the answer came`, error))
      })
      request.end(payload)
    })
  }

  /** As fast as it is read: what is not read stays with the server. */
  async *#read(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response) yield chunk as Uint8Array
    } catch (error) {
      throw connectionError('lost', `the connection to ${this.#where} was lost in the middle of an answer`, error)
    }
  }
}
