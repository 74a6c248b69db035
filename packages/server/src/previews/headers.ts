import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { withoutOurs } from '../access/cookies.ts'

/** Headers of one connection, which say nothing of the next (RFC 9110 §7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

export interface PreviewAddress {
  /** Where the browser sees it. */
  origin: string
  port: number
}

/** What goes to the workspace's server: as if it had been asked at `localhost`, and without anything that is Skein's. */
export function requestHeaders(given: IncomingHttpHeaders, { origin, port }: PreviewAddress): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = withoutHopByHop(given)
  const local = `http://localhost:${port}`
  const { protocol, host } = new URL(origin)
  headers.host = `localhost:${port}`
  if (headers.origin !== undefined) headers.origin = local
  if (typeof headers.referer === 'string') headers.referer = headers.referer.replace(origin, local)
  const cookie = withoutOurs(given.cookie)
  if (cookie === undefined) delete headers.cookie
  else headers.cookie = cookie
  delete headers.authorization
  delete headers.forwarded
  headers['x-forwarded-host'] = host
  headers['x-forwarded-proto'] = protocol.slice(0, -1)
  return headers
}

/** What comes back: links to itself lead to the preview, its cookies work in a frame, and only the app may frame it. */
export function responseHeaders(
  given: IncomingHttpHeaders,
  { origin, port }: PreviewAddress,
  appOrigin: string,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = withoutHopByHop(given)
  if (typeof headers.location === 'string') headers.location = moved(headers.location, { origin, port })
  if (given['set-cookie']) headers['set-cookie'] = given['set-cookie'].map(forFrame)
  delete headers['x-frame-options']
  // Several policies stand in one header with commas between; each of them counts.
  const policy = [given['content-security-policy'] ?? []]
    .flat()
    .join(', ')
    .replace(/(^|[;,])\s*frame-ancestors[^;,]*/gi, '$1')
    .replace(/;\s*(?=,|$)/g, '')
  const framing = `frame-ancestors ${ancestors(appOrigin)}`
  headers['content-security-policy'] = /\w/.test(policy) ? `${policy}, ${framing}` : framing
  return headers
}

/** Headers of an answer of ours at a preview's host. */
export function ownPageHeaders(appOrigin: string): OutgoingHttpHeaders {
  return {
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; frame-ancestors ${ancestors(appOrigin)}`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
}

/** A computer's loopback has several names, and a person may have the app open by any of them. */
function ancestors(appOrigin: string): string {
  const { protocol, hostname, port } = new URL(appOrigin)
  const at = port === '' ? '' : `:${port}`
  const names = ['127.0.0.1', 'localhost', 'skein.localhost']
  return names.includes(hostname) ? names.map((name) => `${protocol}//${name}${at}`).join(' ') : appOrigin
}

/** Without what was said of one connection alone. */
export function withoutHopByHop(given: IncomingHttpHeaders): OutgoingHttpHeaders {
  const listed = given.connection?.split(',').map((name) => name.trim().toLowerCase()) ?? []
  const gone = new Set([...HOP_BY_HOP, ...listed])
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== undefined && !gone.has(name)))
}

/** A redirection to the workspace's server, as the browser can follow it. */
export function moved(location: string, { origin, port }: PreviewAddress): string {
  return location.replace(
    new RegExp(`^https?://(?:localhost|127\\.0\\.0\\.1|0\\.0\\.0\\.0|\\[::1\\]):${port}(?=[/?#]|$)`, 'i'),
    origin,
  )
}

function forFrame(cookie: string): string {
  const [pair = '', ...attributes] = cookie.split(';')
  const kept = attributes.filter((attribute) => !/^\s*(?:domain|samesite|secure|partitioned)\b/i.test(attribute))
  return [pair, ...kept, ' SameSite=None', ' Secure', ' Partitioned'].join(';')
}
