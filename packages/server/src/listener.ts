import { once } from 'node:events'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { apiMethods, SkeinError } from '@skein/protocol'
import type { Logger } from 'pino'

export interface Listener {
  /** Open connections, idle ones included: those end after 5 seconds. */
  readonly connections: number
  /** Takes no more requests; gives those that run `drainMs` to end, then cuts them. */
  close(drainMs: number): Promise<void>
}

/** Listens on a Unix socket that only its owner can use. Whoever calls this holds the server's lock. */
export async function listen(socketPath: string, handle: RequestListener, logger: Logger): Promise<Listener> {
  removeDeadSocket(socketPath)
  const sockets = new Set<Socket>()
  const responses = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    responses.add(response)
    const began = performance.now()
    response.once('close', () => {
      responses.delete(response)
      logger.info({
        method: loggable(request.url),
        status: response.statusCode,
        ms: Math.round(performance.now() - began),
        ...(response.writableFinished ? {} : { cut: true }),
      })
    })
    handle(request, response)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(socketPath)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw SkeinError.from(error, `listening on ${socketPath}`)
  }
  chmodSync(socketPath, 0o600)

  return {
    get connections() {
      return sockets.size
    },
    async close(drainMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => server.closeAllConnections(), drainMs)
      await Promise.all([...responses].map((response) => once(response, 'close')))
      clearTimeout(timer)
      server.closeAllConnections()
      await closed
    },
  }
}

/** After kill -9 the socket's file is still there, and nobody behind it. */
function removeDeadSocket(socketPath: string): void {
  const found = lstatSync(socketPath, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket())
    throw new SkeinError('conflict', `${socketPath} is not a socket`, { next: 'Move that file away.' })
  rmSync(socketPath)
}

/** Only names that we know go into the log. */
function loggable(url: string | undefined): string {
  const name = url?.startsWith('/v1/') ? url.slice('/v1/'.length) : ''
  return Object.hasOwn(apiMethods, name) ? name : '(unknown)'
}
