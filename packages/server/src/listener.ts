import { once } from 'node:events'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { apiMethods, SkeinError } from '@skein/protocol'
import type { Logger } from 'pino'
import { noteOf } from './access/request-note.ts'

export interface Listener {
  /** Open connections, idle ones included: those end after 5 seconds. */
  readonly connections: number
  /** 0 on a Unix socket. */
  readonly port: number
  /** Takes no more requests; gives those that run `drainMs` to end, then cuts them. */
  close(drainMs: number): Promise<void>
}

export interface Handlers {
  request: RequestListener
  /** Resolves when the connection has ended. Without it no upgrade is taken. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
}

export type Address = { socketPath: string } | { host: string; port: number; tls?: { cert: string; key: string } }

/** Listens on a Unix socket that only its owner can use (whoever calls this holds the server's lock), or at a TCP port. */
export async function listen(address: Address, handlers: Handlers, logger: Logger): Promise<Listener> {
  if ('socketPath' in address) removeDeadSocket(address.socketPath)
  const sockets = new Set<Socket>()
  const responses = new Set<ServerResponse>()
  const onRequest: RequestListener = (request, response) => {
    responses.add(response)
    const began = performance.now()
    response.once('close', () => {
      responses.delete(response)
      log(logger, request, began, response.statusCode, response.writableFinished)
    })
    handlers.request(request, response)
  }
  const tls = 'socketPath' in address ? undefined : address.tls
  // Whatever else a client would like to speak (`h2c`, as Java's does), it gets HTTP/1.1.
  const options = { shouldUpgradeCallback: isForWebSocket }
  const server = tls ? createSecureServer({ ...options, ...tls }, onRequest) : createServer(options, onRequest)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const { upgrade } = handlers
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const began = performance.now()
    socket.on('error', () => {})
    upgrade?.(request, socket, head).then(
      () => log(logger, request, began, noteOf(request).status ?? 101, true),
      (error: unknown) => {
        logger.error({ err: error }, 'a defect')
        socket.destroy()
      },
    )
  }
  if (upgrade) server.on('upgrade', onUpgrade)
  if ('socketPath' in address) server.listen(address.socketPath)
  else server.listen({ host: address.host, port: address.port })
  const where = 'socketPath' in address ? address.socketPath : `${address.host}, port ${address.port}`
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenError(error, where)
  }
  if ('socketPath' in address) chmodSync(address.socketPath, 0o600)

  return {
    get connections() {
      return sockets.size
    },
    port: 'socketPath' in address ? 0 : (server.address() as AddressInfo).port,
    async close(drainMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => server.closeAllConnections(), drainMs)
      await Promise.all([...responses].map((response) => once(response, 'close')))
      clearTimeout(timer)
      server.closeAllConnections()
      // Those that were upgraded have left the server's own list.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function isForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

function log(logger: Logger, request: IncomingMessage, began: number, status: number, finished: boolean): void {
  const { refused, route } = noteOf(request)
  logger.info({
    method: route ?? loggable(request.url),
    status,
    ms: Math.round(performance.now() - began),
    ...(refused === undefined ? {} : { refused }),
    ...(finished ? {} : { cut: true }),
  })
}

/** After kill -9 the socket's file is still there, and nobody behind it. */
function removeDeadSocket(socketPath: string): void {
  const found = lstatSync(socketPath, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket())
    throw new SkeinError('conflict', `${socketPath} is not a socket`, { next: 'Move that file away.' })
  rmSync(socketPath)
}

function listenError(error: unknown, where: string): SkeinError {
  const errno = error instanceof Error && 'code' in error ? error.code : undefined
  if (errno === 'EADDRINUSE')
    return new SkeinError('conflict', `listening at ${where}: another program listens there`, {
      next: 'Give another --port.',
      details: { errno },
      cause: error,
    })
  if (errno === 'EACCES' && !where.startsWith('/'))
    return new SkeinError('unavailable', `listening at ${where}: ports below 1024 are the system's`, {
      next: 'Give another --port.',
      cause: error,
    })
  if (errno === 'EADDRNOTAVAIL' || errno === 'ENOTFOUND')
    return new SkeinError('invalid', `listening at ${where}: this computer has no such address`, {
      next: 'Give another --host.',
      cause: error,
    })
  return SkeinError.from(error, `listening at ${where}`)
}

/** Only names that we know go into the log. */
function loggable(url: string | undefined): string {
  const name = url?.startsWith('/v1/') ? (url.slice('/v1/'.length).split('?', 1)[0] ?? '') : ''
  return Object.hasOwn(apiMethods, name) ? name : '(unknown)'
}
