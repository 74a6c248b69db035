import { MAX_REQUEST, SkeinError } from '@skein/protocol'
import type { Context, Hono, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { answerError } from '../answer.ts'
import type { Previews } from '../previews/registry.ts'
import { signInPage } from '../web/pages.ts'
import type { Browsers } from './browsers.ts'
import { browserCookie, cookieIn, PREVIEW_COOKIE } from './cookies.ts'
import type { DoorEnv } from './door.ts'
import { securityHeaders } from './headers.ts'
import { type HostList, parseHost } from './hosts.ts'
import { Refusal } from './refusal.ts'
import { isSame } from './secrets.ts'
import type { WrongTokens } from './wrong-tokens.ts'

export interface ChainOptions {
  hosts: HostList
  /** The port that we listen at. */
  port(): number
  tls: boolean
  /** Something that ends TLS stands in front, and says so. */
  tunnel: boolean
  token: string
  browsers: Browsers
  previews: Previews
  wrongTokens: WrongTokens
}

/** Where a one-time link leads: the one place that asks for no other credential. */
export const OPEN_PATH = '/open'
/** The same on a preview's host. */
export const PREVIEW_OPEN_PATH = '/__skein/open'

/**
 * The one way in for everything that comes over TCP: calls, subscriptions, files, WebSockets and previews. In this order: whose
 * host was asked for, which page asks, who asks, and how large the request is.
 */
export function installChain(app: Hono<DoorEnv>, options: ChainOptions): void {
  app.use(withHeaders(options))
  app.use(hostAllowed(options))
  app.use(originAllowed(options))
  app.use(authenticated(options))
  app.use(onAppOnly(bodyLimit({ maxSize: MAX_REQUEST, onError: () => answerError(tooLarge(), 413) })))
}

/** On every answer of ours, refusals included; a preview's answers have their own. */
function withHeaders({ port }: ChainOptions): MiddlewareHandler<DoorEnv> {
  return async (context, next) => {
    await next()
    if ((context.get('site') ?? 'app') !== 'app') return
    const origin = context.get('origin') ?? `http://localhost:${port()}`
    for (const [name, value] of Object.entries(securityHeaders(origin))) context.res.headers.set(name, value)
  }
}

function hostAllowed({ hosts, tls, tunnel, previews }: ChainOptions): MiddlewareHandler<DoorEnv> {
  return async (context, next) => {
    const { incoming } = context.env
    const { host } = incoming.headers
    const parsed = parseHost(host)
    const preview = parsed && previews.ofHost(parsed.name, (parent) => hosts.allows(parent, undefined))
    if (!parsed || !(preview || hosts.allows(parsed.name, incoming.socket.localAddress)))
      throw new Refusal(
        incoming,
        421,
        'host',
        `requests for the host ${JSON.stringify(host?.slice(0, 100))} are not answered here`,
        'Use the address that `skein open` prints, or allow the name with --allow-host.',
      )
    const forwarded = tunnel && incoming.headers['x-forwarded-proto']?.toString().split(',')[0]?.trim() === 'https'
    context.set('origin', `${tls || forwarded ? 'https' : 'http'}://${host?.toLowerCase()}`)
    context.set('site', preview ?? 'app')
    await next()
  }
}

function originAllowed({ tunnel }: ChainOptions): MiddlewareHandler<DoorEnv> {
  return async (context, next) => {
    const { incoming, upgrade } = context.env
    const { origin } = incoming.headers
    const own = context.get('origin')
    if (origin !== undefined && origin !== own && !(tunnel && origin.replace(/^https:/, 'http:') === own))
      throw new Refusal(incoming, 403, 'origin', 'requests of pages from elsewhere are not answered here')
    if (origin === undefined && upgrade)
      throw new Refusal(incoming, 403, 'no origin', 'a WebSocket is opened only for a page that says where it is from')
    if (isForeign(context))
      throw new Refusal(incoming, 403, 'foreign page', 'requests of pages from elsewhere are not answered here')
    await next()
  }
}

/** A page from elsewhere asks, as a browser tells it. It may lead people here, but not load anything. */
function isForeign(context: Context<DoorEnv>): boolean {
  const { incoming } = context.env
  const site = incoming.headers['sec-fetch-site']
  if (site !== 'cross-site' && site !== 'same-site') return false
  return !(incoming.method === 'GET' && incoming.headers['sec-fetch-mode'] === 'navigate')
}

function authenticated(options: ChainOptions): MiddlewareHandler<DoorEnv> {
  return async (context, next) => {
    const { incoming } = context.env
    const site = context.get('site')
    const path = context.req.path
    if (site !== 'app') {
      if (path !== PREVIEW_OPEN_PATH) {
        const cookie = cookieIn(incoming.headers.cookie, PREVIEW_COOKIE)
        if (cookie === undefined || !options.previews.mayShow(site, cookie)) throw notShown(context)
        context.set('who', { by: 'preview' })
      }
      return next()
    }
    if (path === OPEN_PATH) return next()
    const { authorization } = incoming.headers
    if (authorization !== undefined) {
      const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
      if (given === undefined || !isSame(given, options.token)) throw wrongToken(context, options.wrongTokens)
      context.set('who', { by: 'token' })
      return next()
    }
    const browserId = browserOf(context, options)
    if (browserId === undefined) return answerStranger(context)
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD' && incoming.headers.origin === undefined)
      throw new Refusal(incoming, 403, 'no origin', 'a signed-in browser says which page asks')
    context.set('who', { by: 'browser', browserId })
    await next()
  }
}

function browserOf(context: Context<DoorEnv>, { browsers, port }: ChainOptions): string | undefined {
  const { cookie } = context.env.incoming.headers
  for (const secure of [true, false]) {
    const value = cookieIn(cookie, browserCookie(port(), secure))
    const browserId = value === undefined ? undefined : browsers.whose(value)
    if (browserId !== undefined) return browserId
  }
  return undefined
}

/** A wrong token costs a try; too many of them from one address are told to wait. */
export function wrongToken(context: Context<DoorEnv>, wrongTokens: WrongTokens): Refusal {
  const { incoming } = context.env
  if (!wrongTokens.tooMany(incoming.socket.remoteAddress ?? ''))
    return new Refusal(incoming, 401, 'wrong token', 'this token is not, or no longer, valid', NEXT)
  return new Refusal(
    incoming,
    429,
    'too many wrong tokens',
    'too many wrong tokens came from this address',
    'Wait a minute.',
  )
}

const NEXT = 'A browser: run `skein open`. A program: send the token of the file api-token in $SKEIN_HOME.'

function answerStranger(context: Context<DoorEnv>): Response {
  const { incoming } = context.env
  const refusal = new Refusal(incoming, 401, 'no token', 'this needs a credential', NEXT)
  if (incoming.method !== 'GET' || incoming.headers['sec-fetch-mode'] !== 'navigate') throw refusal
  // A browser leaves the cookie out where another site's page led here; asked again by a page of ours, it sends it.
  const ledHere = incoming.headers['sec-fetch-site'] === 'cross-site'
  return context.html(signInPage(ledHere), 401, { 'cache-control': 'no-store' })
}

function notShown(context: Context<DoorEnv>): Refusal {
  return new Refusal(
    context.env.incoming,
    401,
    'no preview cookie',
    'this browser may not see this preview',
    'Open it from the app.',
  )
}

function onAppOnly(handler: MiddlewareHandler): MiddlewareHandler<DoorEnv> {
  return (context, next) => (context.get('site') === 'app' ? handler(context as unknown as Context, next) : next())
}

function tooLarge(): SkeinError {
  return new SkeinError('invalid', `the request is larger than ${MAX_REQUEST} bytes`)
}
