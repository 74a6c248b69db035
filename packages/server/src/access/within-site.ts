/** A path that leads nowhere else: `//example.org` would, and so would `/..//example.org` once it is made plain. */
export function withinSite(path: string): string {
  const here = 'http://here'
  const url = URL.parse(path, here)
  return url?.origin === here ? `${url.pathname.replace(/^\/+/, '/')}${url.search}${url.hash}` : '/'
}
