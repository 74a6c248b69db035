import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SkeinError } from '@skein/protocol'
import { notAnsweringPage } from '../web/pages.ts'
import { ownPageHeaders, type PreviewAddress, requestHeaders, responseHeaders } from './headers.ts'
import type { Preview } from './registry.ts'

/** Opens a stream to a port of a workspace's machine. */
export type OpenPort = (workspaceId: string, port: number, signal: AbortSignal) => Promise<Duplex>

const CONNECT_MS = 10_000

/** Passes a request on to what listens on the preview's port, and the answer back, both as they stream. */
export async function proxyRequest(
  preview: Preview,
  origin: string,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
  openPort: OpenPort,
): Promise<void> {
  const address: PreviewAddress = { origin, port: preview.port }
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  let stream: Duplex
  try {
    stream = await openPort(preview.workspaceId, preview.port, withDeadline(gone.signal))
  } catch (error) {
    return answerUnreachable(preview, incoming, outgoing, error)
  }
  const sent = httpRequest({
    createConnection: () => stream,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: { ...requestHeaders(incoming.headers, address), connection: 'close' },
    setHost: false,
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
    sent.once('close', () => reject(new Error('it closed the connection')))
  })
  gone.signal.addEventListener('abort', () => sent.destroy(), { once: true })
  // What the server answers decides: it may do so before it has read all.
  pipeline(incoming, sent).catch(() => {})
  let response: IncomingMessage
  try {
    response = await answered
  } catch (error) {
    return answerUnreachable(preview, incoming, outgoing, error)
  }
  outgoing.writeHead(
    response.statusCode ?? 502,
    response.statusMessage,
    responseHeaders(response.headers, address, preview.appOrigin),
  )
  outgoing.flushHeaders()
  // Cut where the answer is cut: the browser must not take half of it for the whole.
  await pipeline(response, outgoing).catch(() => outgoing.destroy())
  sent.destroy()
}

/** Passes a WebSocket (or any other upgrade) on: after the head, bytes are bytes. */
export async function proxyUpgrade(
  preview: Preview,
  origin: string,
  { incoming, socket, head }: { incoming: IncomingMessage; socket: Duplex; head: Buffer },
  openPort: OpenPort,
): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  let stream: Duplex
  try {
    stream = await openPort(preview.workspaceId, preview.port, withDeadline(gone.signal))
  } catch {
    socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    return
  }
  const headers = {
    ...requestHeaders(incoming.headers, { origin, port: preview.port }),
    connection: 'Upgrade',
    upgrade: incoming.headers.upgrade ?? 'websocket',
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`))
  stream.write(`GET ${incoming.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  stream.write(head)
  await Promise.allSettled([pipeline(socket, stream), pipeline(stream, socket)])
  socket.destroy()
  stream.destroy()
}

function withDeadline(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)])
}

function answerUnreachable(
  preview: Preview,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  error: unknown,
): void {
  if (outgoing.headersSent || outgoing.destroyed) return void outgoing.destroy()
  const navigates = incoming.headers['sec-fetch-mode'] === 'navigate' || incoming.headers.accept?.includes('text/html')
  const { message } = SkeinError.from(error, `port ${preview.port}`)
  const page = navigates ? notAnsweringPage(preview.port) : `Nothing answers on port ${preview.port}: ${message}\n`
  outgoing.writeHead(502, {
    ...ownPageHeaders(preview.appOrigin),
    'content-type': `${navigates ? 'text/html' : 'text/plain'}; charset=utf-8`,
    'content-length': Buffer.byteLength(page),
    connection: 'close',
  })
  outgoing.end(page)
}
