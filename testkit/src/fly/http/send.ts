import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Fault } from '../faults.ts'
import type { FlyCall } from '../journal.ts'
import type { Answer } from './call.ts'
import { Refusal } from './refusal.ts'

/** The headers that each answer of Fly's has. */
export function addFlyHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader('fly-request-id', requestId)
  response.setHeader('fly-trace-id', randomBytes(16).toString('hex'))
  response.setHeader('via', '1.1 fly.io')
  response.setHeader('server', 'Fly/emulator (2026-05-07)')
}

/** Fly's own client sends it back, so that it sees what it has just written. */
export function addAffinity(response: ServerResponse, { app }: FlyCall): void {
  if (app === undefined || response.headersSent) return
  response.setHeader('set-cookie', `fly_flaps_affinity=emulator; Path=/v1/apps/${encodeURIComponent(app)}; HttpOnly`)
}

export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed || response.writableEnded) return
  if (answer.json === undefined) {
    if (answer.text !== undefined && answer.text !== '') response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.writeHead(answer.status).end(answer.text ?? '')
    return
  }
  const body = JSON.stringify(answer.json)
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.setHeader('content-length', Buffer.byteLength(body))
  response.writeHead(answer.status).end(body)
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value)
  const isText = typeof refusal.body === 'string'
  send(response, { status: refusal.status, ...(isText ? { text: refusal.body as string } : { json: refusal.body }) })
}

/** A Unix socket cannot be reset: it is closed without an answer. */
export function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

/** What a fault answers. */
export function faultAnswer(fault: Fault): Refusal {
  const status = Number(fault.kind)
  const retry: Record<string, string> =
    fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
  if (status === 429) return new Refusal(429, { error: 'resource_exhausted: rate limit exceeded' }, retry)
  if (status === 408) return new Refusal(408, { error: 'deadline_exceeded: request timed out' })
  const bodies = {
    json: { error: status === 503 ? 'unavailable: upstream connect error' : 'internal: internal server error' },
    html: `<html>\n<head><title>${status} Bad Gateway</title></head>\n<body><center><h1>${status}</h1></center></body>\n</html>\n`,
    text: 'upstream request timeout',
    empty: '',
  }
  return new Refusal(status, bodies[fault.body ?? 'json'], retry)
}
