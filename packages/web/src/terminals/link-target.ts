/** Where a link in a terminal leads: out, or to a port of the machine that the terminal is on. */
export type LinkTarget = { kind: 'web'; url: string } | { kind: 'port'; port: number; path: string }

const LOCAL = new Set(['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '[::]'])

/** undefined: nothing that a click may open. */
export function linkTarget(uri: string): LinkTarget | undefined {
  const url = URL.parse(uri)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  // The terminal's own machine is meant, which need not be the one that the browser is on.
  if (LOCAL.has(url.hostname) || url.hostname.endsWith('.localhost')) {
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    return { kind: 'port', port, path: `${url.pathname}${url.search}${url.hash}` }
  }
  return { kind: 'web', url: url.href }
}
