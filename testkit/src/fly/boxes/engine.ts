import { request } from 'node:http'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { SkeinError } from '@skein/protocol'

/** The Docker Engine's API over its Unix socket. Its command line would take a machine's variables for its own. */
export class DockerEngine {
  readonly #socket: string

  constructor(host: string) {
    if (!host.startsWith('unix://'))
      throw new SkeinError('invalid', `running Fly machines as containers: DOCKER_HOST is ${host}, no Unix socket`)
    this.#socket = host.slice('unix://'.length)
  }

  /** The answer as JSON; throws with what the engine says. */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const stream = await this.stream(method, path, body)
    const content = await text(stream)
    return (content === '' ? undefined : JSON.parse(content)) as T
  }

  /** The answer as it comes. */
  stream(method: string, path: string, body?: object, stdin?: string): Promise<Readable> {
    const upgrade: Record<string, string> = stdin === undefined ? {} : { connection: 'Upgrade', upgrade: 'tcp' }
    return new Promise((resolve, reject) => {
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
      const headers = { ...type, ...upgrade }
      const call = request({ socketPath: this.#socket, method, path, headers })
      call.once('error', reject)
      call.once('upgrade', (_, socket, head) => {
        socket.unshift(head)
        socket.end(stdin ?? '')
        resolve(socket)
      })
      call.once('response', (response) => {
        if ((response.statusCode ?? 500) < 400) return resolve(response)
        text(response).then((message) => {
          reject(
            new SkeinError('unavailable', `asking docker for ${method} ${path}: ${response.statusCode} ${message}`),
          )
        }, reject)
      })
      call.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

/** Takes the two outputs apart, which the engine sends through one stream with a header before each piece. */
export async function* demultiplexed(stream: Readable): AsyncGenerator<{ error: boolean; data: Buffer }> {
  let rest = Buffer.alloc(0)
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const end = 8 + rest.readUInt32BE(4)
      yield { error: rest[0] === 2, data: rest.subarray(8, end) }
      rest = rest.subarray(end)
    }
  }
}
