/** What a page of the app may load: its own files, frames of previews, and nothing else; no script that stands in a page. */
export function contentSecurityPolicy(origin: string): string {
  const { protocol, host } = new URL(origin)
  const socket = `${protocol === 'https:' ? 'wss' : 'ws'}://${host}`
  const directives = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    `connect-src 'self' ${socket}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    `frame-src ${previewSource(origin)}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
  ]
  return directives.join('; ')
}

/** What every answer of ours carries, whatever it is about. */
export function securityHeaders(origin: string): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(origin),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}

/** The origins that previews can have for an app at `origin`, as a source of CSP. */
function previewSource(origin: string): string {
  const { protocol, hostname, port } = new URL(origin)
  const name = previewParent(hostname)
  return name === undefined ? "'none'" : `${protocol}//*.${name}${port === '' ? '' : `:${port}`}`
}

/** The name that previews' names are made under; undefined where the app's host is an address that has no names under it. */
export function previewParent(hostname: string): string | undefined {
  const name = hostname.replace(/^\[(.*)\]$/, '$1')
  if (name === '127.0.0.1' || name === '::1' || name === 'localhost' || name.endsWith('.localhost')) return 'localhost'
  return /^[\d.]+$/.test(name) || name.includes(':') ? undefined : name
}
