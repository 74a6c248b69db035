import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SkeinError } from '@skein/protocol'
import { type PreviewAddress, requestHeaders } from './headers.ts'

/** Opens a stream to a port of a workspace's machine. */
export type OpenPort = (workspaceId: string, port: number, signal: AbortSignal) => Promise<Duplex>

/** A port of a workspace's machine, and how what it answers is shown. */
export interface Proxied {
  workspaceId: string
  port: number
  /** Where the browser sees it. */
  origin: string
  /** The headers of an answer, as the browser gets them. */
  answers(headers: IncomingHttpHeaders): OutgoingHttpHeaders
  /** What is shown where nothing answers. */
  unreachable(error: SkeinError): { headers: OutgoingHttpHeaders; page: string; text: string }
}

const CONNECT_MS = 10_000
/** When a browser that got nothing should ask again. */
const RETRY_S = 2

/** Passes a request on to what listens on the preview's port, and the answer back, both as they stream. */
export async function proxyRequest(
  proxied: Proxied,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
  openPort: OpenPort,
): Promise<void> {
  const address: PreviewAddress = proxied
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  let stream: Duplex
  try {
    stream = await openPort(proxied.workspaceId, proxied.port, withDeadline(gone.signal))
  } catch (error) {
    return answerUnreachable(proxied, incoming, outgoing, error)
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
    return answerUnreachable(proxied, incoming, outgoing, error)
  }
  outgoing.writeHead(response.statusCode ?? 502, response.statusMessage, proxied.answers(response.headers))
  outgoing.flushHeaders()
  // Cut where the answer is cut: the browser must not take half of it for the whole.
  await pipeline(response, outgoing).catch(() => outgoing.destroy())
  sent.destroy()
}

/** Passes a WebSocket (or any other upgrade) on: after the head, bytes are bytes. */
export async function proxyUpgrade(
  proxied: Proxied,
  { incoming, socket, head }: { incoming: IncomingMessage; socket: Duplex; head: Buffer },
  openPort: OpenPort,
): Promise<void> {
  const gone = new AbortController()
  // Two pipelines, its server and the door each listen for its end.
  socket.setMaxListeners(20)
  socket.once('close', () => gone.abort())
  let stream: Duplex
  try {
    stream = await openPort(proxied.workspaceId, proxied.port, withDeadline(gone.signal))
  } catch {
    socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    return
  }
  const headers = {
    ...requestHeaders(incoming.headers, proxied),
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
  proxied: Proxied,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  error: unknown,
): void {
  if (outgoing.headersSent || outgoing.destroyed) return void outgoing.destroy()
  const navigates = incoming.headers['sec-fetch-mode'] === 'navigate' || incoming.headers.accept?.includes('text/html')
  const { headers, page, text } = proxied.unreachable(SkeinError.from(error, `port ${proxied.port}`))
  const body = navigates ? page : text
  outgoing.writeHead(502, {
    ...headers,
    'content-type': `${navigates ? 'text/html' : 'text/plain'}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'retry-after': String(RETRY_S),
    connection: 'close',
  })
  outgoing.end(body)
}
