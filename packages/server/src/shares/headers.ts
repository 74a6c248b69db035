import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { moved, type PreviewAddress, withoutHopByHop } from '../previews/headers.ts'

const PRIVATE = {
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow, noarchive',
}

/** What the workspace's server answers, for people elsewhere: links to itself lead to the share, and nobody on the way keeps it. */
export function sharedHeaders(given: IncomingHttpHeaders, address: PreviewAddress): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = withoutHopByHop(given)
  if (typeof headers.location === 'string') headers.location = moved(headers.location, address)
  if (given['set-cookie']) headers['set-cookie'] = given['set-cookie'].map(withoutDomain)
  for (const name of Object.keys(headers))
    if (/^(?:[\w-]+-)?cdn-cache-control$|^surrogate-control$/.test(name)) delete headers[name]
  headers['cache-control'] = privately(given['cache-control'])
  return { ...headers, ...PRIVATE }
}

/** Headers of an answer of ours at a share's host. */
export function ownShareHeaders(): OutgoingHttpHeaders {
  return {
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...PRIVATE,
  }
}

/** A tunnel's servers keep files that say nothing, and hand them to people without the cookie. */
function privately(given: string | undefined): string {
  const kept = (given ?? '')
    .split(',')
    .map((directive) => directive.trim())
    .filter(
      (directive) => directive !== '' && !/^(?:public|private|s-maxage\b|proxy-revalidate|stale-)/i.test(directive),
    )
  return ['private', ...kept].join(', ')
}

function withoutDomain(cookie: string): string {
  const [pair = '', ...attributes] = cookie.split(';')
  return [pair, ...attributes.filter((attribute) => !/^\s*domain\b/i.test(attribute))].join(';')
}
