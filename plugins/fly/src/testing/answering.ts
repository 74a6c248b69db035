import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that answers as it is told: for what the emulator never does. `body` is undefined for a GET. */
export async function answering(
  answer: (body: unknown, request: IncomingMessage) => [status: number, body: string],
): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      const [status, body] = answer(request.method === 'GET' ? undefined : text === '' ? {} : JSON.parse(text), request)
      response.writeHead(status).end(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
