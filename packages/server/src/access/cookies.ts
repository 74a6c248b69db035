/** The cookie of a signed-in browser. Browsers keep cookies by host and not by port, so the name has the port. */
export function browserCookie(port: number, secure: boolean): string {
  return secure ? `__Host-skein-${port}` : `skein-${port}`
}

/** The cookie of a browser that may see a preview; each preview has a host of its own. */
export const PREVIEW_COOKIE = 'skein-preview'

/** The value of a cookie in a `Cookie` header; of two with one name the first, which belongs to the narrower path. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** The header without the cookies that are Skein's. undefined: nothing is left. */
export function withoutOurs(header: string | undefined): string | undefined {
  const others = header
    ?.split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !/^(?:__Host-)?skein-/.test(pair))
  return others && others.length > 0 ? others.join('; ') : undefined
}

/** A cookie for the app's own pages: no script reads it, and no other site's request carries it. */
export function appCookie(
  name: string,
  value: string,
  { secure, maxAge }: { secure: boolean; maxAge: number },
): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
}

/**
 * A cookie for a preview, which stands in a frame of another site: browsers send it there only with `SameSite=None`, and keep it
 * apart for each site that the frame stands in. They take `Secure` from a host of this computer without TLS.
 */
export function previewCookie(value: string, maxAge: number): string {
  return `${PREVIEW_COOKIE}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=None; Secure; Partitioned`
}
