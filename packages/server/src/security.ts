import { SkeinError } from '@skein/protocol'
import type { MiddlewareHandler } from 'hono'

/** Who may speak to the server at one address it listens at. */
export interface AccessPolicy {
  /** Values of `Host`, without a port. */
  hosts: ReadonlySet<string>
  /** Values of `Origin`. A request without one does not come from a browser's page. */
  origins: ReadonlySet<string>
}

/** The Unix socket: its mode lets only its owner in, and no browser has business there. */
export const socketPolicy: AccessPolicy = { hosts: new Set(['skein', 'localhost']), origins: new Set() }

/** The one door that every request goes through, before anything else looks at it. */
export function guard(policy: AccessPolicy): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host')?.replace(/:\d+$/, '')
    if (host === undefined || !policy.hosts.has(host))
      throw new SkeinError('unauthorized', `requests for the host ${JSON.stringify(host)} are not answered here`, {
        next: `Send one of these as Host: ${[...policy.hosts].join(', ')}.`,
      })
    const origin = context.req.header('origin')
    if (origin !== undefined && !policy.origins.has(origin))
      throw new SkeinError('unauthorized', `requests of pages from ${JSON.stringify(origin)} are not answered here`)
    await next()
  }
}
