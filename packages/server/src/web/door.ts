import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { SkeinError, SocketClose } from '@skein/protocol'
import { type Context, Hono } from 'hono'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import { BROWSER_LIFE_MS } from '../access/browsers.ts'
import { installChain, OPEN_PATH, PREVIEW_OPEN_PATH, wrongToken } from '../access/chain.ts'
import { appCookie, browserCookie, previewCookie } from '../access/cookies.ts'
import type { DoorBindings, DoorEnv } from '../access/door.ts'
import { Refusal } from '../access/refusal.ts'
import { noteOf } from '../access/request-note.ts'
import { answerError } from '../answer.ts'
import { MAX_FRAME, serveMultiplex } from '../api/multiplex-session.ts'
import { apiRoutes } from '../api/routes.ts'
import type { Caller, ServerApi } from '../api/server-api.ts'
import type { Handlers } from '../listener.ts'
import { ownPageHeaders } from '../previews/headers.ts'
import { type OpenPort, proxyRequest, proxyUpgrade } from '../previews/proxy.ts'
import { shownPreview } from '../previews/shown.ts'
import { closedPreviewPage, spentLinkPage } from './pages.ts'
import type { McpHandler, Web } from './web.ts'

export interface DoorOptions {
  api: ServerApi
  web: Web
  version: string
  heartbeatMs: number
  stopping: AbortSignal
  openPort: OpenPort
  mcp?: McpHandler | undefined
  logger: Logger
  onDefect(method: string, error: SkeinError): void
}

const COOKIE_S = Math.floor(BROWSER_LIFE_MS / 1000)

/** The server as it is over TCP: the chain, and behind it the API, the socket, the app's files and the previews. */
export function createDoor(options: DoorOptions): Handlers {
  const { web } = options
  const app = new Hono<DoorEnv>()
  installChain(app, {
    hosts: web.hosts,
    port: () => web.port,
    tls: web.options.tls !== undefined,
    tunnel: web.options.tunnel ?? false,
    token: web.token,
    browsers: web.signedIn,
    previews: web.previews,
    wrongTokens: web.wrongTokens,
  })
  previewRoutes(app, options)
  signInRoute(app, options)
  socketRoute(app, options)
  mcpRoute(app, options)
  apiRoutes(app, { ...options, caller: callerOf, onError: (method, error) => report(options, method, error) })
  app.get('*', async (context) => {
    noteOf(context.env.incoming).route = 'file'
    return (await web.files.answer(context.req.raw)) ?? answerError(notHere(context))
  })
  app.notFound((context) => answerError(notHere(context)))
  app.onError((thrown, context) => answerThrown(options, thrown, context))

  const request = getRequestListener((request, env) => app.fetch(request, env as DoorBindings), {
    overrideGlobalObjects: false,
  })
  return {
    request: (incoming, outgoing) => void request(incoming, outgoing as ServerResponse),
    upgrade: (incoming, socket, head) => answerUpgrade(app, incoming, socket, head),
  }
}

/** All that is asked of a preview's host. */
function previewRoutes(app: Hono<DoorEnv>, { web, openPort }: DoorOptions): void {
  app.use(async (context, next) => {
    const preview = context.get('site')
    if (preview === 'app') return next()
    const { incoming, outgoing, upgrade } = context.env
    const origin = context.get('origin')
    const note = noteOf(incoming)
    if (context.req.path === PREVIEW_OPEN_PATH) {
      note.route = 'preview.open'
      const admitted = isPlainGet(incoming) ? web.previews.admit(preview, tokenOf(context)) : undefined
      if (!admitted) throw wrongToken(context, web.wrongTokens)
      const headers = new Headers({ location: admitted.path, 'set-cookie': previewCookie(admitted.cookie, COOKIE_S) })
      for (const [name, value] of Object.entries(ownPageHeaders(preview.appOrigin))) headers.set(name, String(value))
      return new Response(null, { status: 303, headers })
    }
    note.route = upgrade ? 'preview.socket' : 'preview'
    const shown = shownPreview(preview, origin)
    if (upgrade) accepted(context, proxyUpgrade(shown, { incoming, ...upgrade }, openPort))
    else if (outgoing) await proxyRequest(shown, { incoming, outgoing }, openPort)
    return RESPONSE_ALREADY_SENT
  })
}

/** A one-time link becomes the cookie of one browser. */
function signInRoute(app: Hono<DoorEnv>, { web }: DoorOptions): void {
  app.get(OPEN_PATH, (context) => {
    const { incoming } = context.env
    noteOf(incoming).route = 'open'
    // A browser that looks ahead must not spend what the person is about to open.
    const path = isPlainGet(incoming) ? web.takeLink(tokenOf(context)) : undefined
    if (path === undefined) {
      const refusal = wrongToken(context, web.wrongTokens)
      if (refusal.status === 429) throw refusal
      return context.html(spentLinkPage(), 401, { 'cache-control': 'no-store' })
    }
    const secure = context.get('origin').startsWith('https:')
    const secret = web.signedIn.signIn(incoming.headers['user-agent'])
    return new Response(null, {
      status: 303,
      headers: {
        location: path,
        'cache-control': 'no-store',
        'set-cookie': appCookie(browserCookie(web.port, secure), secret, { secure, maxAge: COOKIE_S }),
      },
    })
  })
}

function socketRoute(app: Hono<DoorEnv>, options: DoorOptions): void {
  const { web, api, stopping } = options
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME, perMessageDeflate: false })
  app.get('/v1/socket', (context) => {
    const { incoming, upgrade } = context.env
    noteOf(incoming).route = 'socket'
    if (!upgrade)
      throw new SkeinError('invalid', '/v1/socket speaks WebSocket', { next: 'Open it with new WebSocket(…).' })
    const who = context.get('who')
    const opened = new Promise<void>((resolve) => {
      upgrade.socket.once('close', resolve)
      sockets.handleUpgrade(incoming, upgrade.socket, upgrade.head, (socket) => {
        const ended = serveMultiplex(socket, {
          api,
          caller: callerOf(context),
          stopping,
          beatMs: options.heartbeatMs,
          onError: (method, error) => report(options, method, error),
        })
        const close = () => socket.close(SocketClose.signedOut, 'this browser was signed out')
        const forget = who?.by === 'browser' ? web.signedIn.whenSignedOut(who.browserId, close) : () => {}
        void ended.then(forget)
      })
    })
    accepted(context, opened)
    return RESPONSE_ALREADY_SENT
  })
}

function mcpRoute(app: Hono<DoorEnv>, { mcp }: DoorOptions): void {
  if (!mcp) return
  app.all('/mcp', (context) => {
    noteOf(context.env.incoming).route = 'mcp'
    if (context.get('who')?.by === 'token') return mcp(context.req.raw)
    throw new SkeinError('unauthorized', '/mcp is for programs that send the token', { next: 'See docs/mcp.md.' })
  })
}

const underway = new WeakMap<IncomingMessage, Promise<void>>()

/** An upgrade that the routes have taken over; resolves when it has ended. */
function accepted(context: Context<DoorEnv>, ended: Promise<void>): void {
  underway.set(context.env.incoming, ended)
}

/** An upgrade goes through the same app as any request; what the app answers instead is written as it is. */
async function answerUpgrade(app: Hono<DoorEnv>, incoming: IncomingMessage, socket: Duplex, head: Buffer) {
  const request = requestOf(incoming)
  const response = request
    ? await app.fetch(request, { incoming, upgrade: { socket, head } } satisfies DoorBindings)
    : answerError(new SkeinError('invalid', 'this is no request'), 400)
  const taken = underway.get(incoming)
  if (taken) return taken
  noteOf(incoming).status = response.status
  const body = Buffer.from(await response.arrayBuffer())
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`)
  const status = `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`
  const top = [status, ...lines, 'connection: close', `content-length: ${body.length}`].join('\r\n')
  socket.end(Buffer.concat([Buffer.from(`${top}\r\n\r\n`), body]))
}

/** undefined: no URL can be made of what it asks for. */
function requestOf(incoming: IncomingMessage): Request | undefined {
  // The chain looks at the host as it was sent.
  const url = URL.parse(incoming.url ?? '/', 'http://localhost')
  if (!url || incoming.method !== 'GET') return undefined
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers))
    for (const one of [value].flat()) if (one !== undefined) headers.append(name, one)
  return new Request(url, { headers })
}

function callerOf(context: Context<DoorEnv>): Caller {
  const who = context.get('who')
  return { origin: context.get('origin'), ...(who?.by === 'browser' ? { browserId: who.browserId } : {}) }
}

function tokenOf(context: Context<DoorEnv>): string {
  return context.req.query('token') ?? ''
}

function isPlainGet({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['sec-purpose'] === undefined && headers.purpose !== 'prefetch'
}

function notHere(context: Context): SkeinError {
  return new SkeinError('not_found', `there is nothing at ${context.req.method} ${context.req.path}`, {
    next: 'Use POST /v1/<method>; /openapi.json lists the methods.',
  })
}

function report({ onDefect }: DoorOptions, method: string, error: SkeinError): void {
  if (error.code === 'internal') onDefect(method, error)
}

function answerThrown(options: DoorOptions, thrown: unknown, context: Context<DoorEnv>): Response {
  const error = SkeinError.from(thrown, context.req.path)
  report(options, context.req.path, error)
  const site = context.get('site') ?? 'app'
  if (site === 'app') return answerError(error, error instanceof Refusal ? error.status : undefined)
  const headers = new Headers({ 'content-type': 'text/html; charset=utf-8' })
  for (const [name, value] of Object.entries(ownPageHeaders(site.appOrigin))) headers.set(name, String(value))
  return new Response(closedPreviewPage(), { status: error instanceof Refusal ? error.status : 500, headers })
}
