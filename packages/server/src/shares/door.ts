import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { cookieIn } from '../access/cookies.ts'
import { parseHost } from '../access/hosts.ts'
import { noteOf } from '../access/request-note.ts'
import { WrongTokens } from '../access/wrong-tokens.ts'
import type { Handlers } from '../listener.ts'
import { type OpenPort, type Proxied, proxyRequest, proxyUpgrade } from '../previews/proxy.ts'
import { ownShareHeaders, sharedHeaders } from './headers.ts'
import { exchange, isAdmitted, SHARE_OPEN_PATH } from './link.ts'
import { busySharePage, closedSharePage, waitingSharePage } from './pages.ts'
import type { StoredShare } from './store.ts'
import { isPageView, type Visit, type Visitors, visitorOf } from './visitors.ts'

/** Requests and WebSockets of one share at a time. */
const MOST_AT_ONCE = 256

export interface ShareDoorOptions {
  shareId: string
  /** The share as it is now; undefined once nobody may see it. */
  share(): StoredShare | undefined
  /** Where people reach it, and who says from where they come; known once the tunnel is open. */
  at(): { origin: string; visitorHeader: string | undefined } | undefined
  visitors: Visitors
  openPort: OpenPort
  now(): number
}

/** What is answered instead of what is shared. */
interface Refused {
  status: number
  why: string
  page: string
  headers?: OutgoingHttpHeaders
}

interface Admitted {
  share: StoredShare
  origin: string
}

/** They came by the link. */
interface Exchanged {
  location: string
  cookie: string
}

type Outcome = Admitted | Refused | Exchanged

/**
 * The way in for people with a link, on a listener that belongs to one share. It knows of no API, no app and no other share: in this
 * order it asks whether the share still stands, which host was asked for, which page asks, and for the link or its cookie.
 */
export class ShareDoor {
  readonly #options: ShareDoorOptions
  readonly #wrong: WrongTokens
  readonly #connections = new Set<Duplex>()
  #atOnce = 0

  constructor(options: ShareDoorOptions) {
    this.#options = options
    this.#wrong = new WrongTokens(options.now)
  }

  readonly handlers: Handlers = {
    request: (incoming, outgoing) => void this.#request(incoming, outgoing).catch(() => outgoing.destroy()),
    upgrade: (incoming, socket, head) => this.#upgrade(incoming, socket, head),
  }

  /** Cuts everybody who is connected. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  async #request(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.#hold(incoming.socket)
    const visit = this.#visit(incoming)
    const admitted = this.#admit(incoming, visit, false)
    if ('page' in admitted || 'location' in admitted) return write(outgoing, admitted)
    if (isPageView(incoming)) this.#options.visitors.page(admitted.share.id, visit)
    await this.#atOnceOr(outgoing, () =>
      proxyRequest(proxied(admitted), { incoming, outgoing }, this.#options.openPort),
    )
  }

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#hold(socket)
    const admitted = this.#admit(incoming, this.#visit(incoming), true)
    const status =
      'page' in admitted ? admitted.status : 'location' in admitted ? 400 : this.#isFull() ? 429 : undefined
    if (status !== undefined || !('share' in admitted)) {
      noteOf(incoming).status = status ?? 400
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status ?? 400]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    this.#atOnce++
    try {
      await proxyUpgrade(proxied(admitted), { incoming, socket, head }, this.#options.openPort)
    } finally {
      this.#atOnce--
    }
  }

  #admit(incoming: IncomingMessage, visit: Visit, upgrade: boolean): Outcome {
    const outcome = this.#judge(incoming, visit, upgrade)
    const said = 'page' in outcome ? outcome.why : 'location' in outcome ? 'came by the link' : 'admitted'
    const note = noteOf(incoming)
    note.route = 'location' in outcome ? 'share.open' : upgrade ? 'share.socket' : 'share'
    if ('page' in outcome) note.refused = outcome.why
    this.#options.visitors.request(this.#options.shareId, visit, upgrade ? 'upgrade' : (incoming.method ?? ''), said)
    return outcome
  }

  #judge(incoming: IncomingMessage, visit: Visit, upgrade: boolean): Outcome {
    const { headers } = incoming
    const share = this.#options.share()
    const at = this.#options.at()
    if (!share || !at || share.expiresAt <= this.#options.now()) return refused(410, 'over')
    const { origin } = at
    if (!incoming.url?.startsWith('/')) return refused(400, 'path')
    if (!isHost(headers.host, origin)) return refused(421, 'host')
    if (headers.origin !== undefined && headers.origin !== origin) return refused(403, 'origin')
    if (upgrade && headers.origin === undefined) return refused(403, 'no origin')
    if (isForeign(incoming)) return refused(403, 'foreign page')
    if (incoming.url.startsWith(SHARE_OPEN_PATH)) {
      const cookie =
        incoming.method === 'GET' && !upgrade
          ? exchange(incoming.url.slice(SHARE_OPEN_PATH.length).split('?', 1)[0] ?? '', share.links)
          : undefined
      if (cookie !== undefined)
        return { location: share.path, cookie: cookieFor(origin, cookie, share.expiresAt - this.#options.now()) }
      return this.#wrongSecret(visit, 'wrong token')
    }
    const cookie = cookieIn(headers.cookie, cookieName(origin))
    if (cookie === undefined) return refused(401, 'no cookie')
    if (isAdmitted(cookie, share.links)) return { share, origin }
    return this.#wrongSecret(visit, 'wrong cookie')
  }

  /** Costs a try; too many of them from one address are told to wait. */
  #wrongSecret({ address }: Visit, why: string): Refused {
    const tooMany = this.#wrong.tooMany(address ?? 'unknown')
    return tooMany ? refused(429, 'too many wrong tokens') : refused(401, why)
  }

  /** The path is told without its query, and a link without its token. */
  #visit(incoming: IncomingMessage): Visit {
    const [path = '/'] = (incoming.url ?? '/').split(/[?#]/, 1)
    return {
      at: this.#options.now(),
      address: visitorOf(incoming, this.#options.at()?.visitorHeader),
      path: path.startsWith(SHARE_OPEN_PATH) ? `${SHARE_OPEN_PATH}…` : path,
    }
  }

  #hold(connection: Duplex): void {
    if (this.#connections.has(connection)) return
    this.#connections.add(connection)
    connection.once('close', () => this.#connections.delete(connection))
  }

  #isFull(): boolean {
    return this.#atOnce >= MOST_AT_ONCE
  }

  async #atOnceOr(outgoing: ServerResponse, act: () => Promise<void>): Promise<void> {
    if (this.#isFull())
      return write(outgoing, { status: 429, why: 'too many', page: busySharePage(), headers: { 'retry-after': '10' } })
    this.#atOnce++
    try {
      await act()
    } finally {
      this.#atOnce--
    }
  }
}

function proxied({ share, origin }: Admitted): Proxied {
  const { workspaceId, port } = share
  return {
    workspaceId,
    port,
    origin,
    answers: (headers) => sharedHeaders(headers, { origin, port }),
    unreachable: () => ({
      headers: ownShareHeaders(),
      page: waitingSharePage(),
      text: 'What is shared here does not answer at the moment.\n',
    }),
  }
}

function refused(status: number, why: string): Refused {
  return { status, why, page: closedSharePage() }
}

function write(outgoing: ServerResponse, answer: Refused | Exchanged): void {
  if ('location' in answer) {
    outgoing.writeHead(303, { ...ownShareHeaders(), location: answer.location, 'set-cookie': answer.cookie }).end()
    return
  }
  outgoing.writeHead(answer.status, {
    ...ownShareHeaders(),
    ...answer.headers,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(answer.page),
    connection: 'close',
  })
  outgoing.end(answer.page)
}

function isHost(host: string | undefined, origin: string): boolean {
  const { hostname, port, protocol } = new URL(origin)
  const asked = parseHost(host)
  const standard = protocol === 'https:' ? '443' : '80'
  return asked !== undefined && asked.name === hostname && (asked.port || standard) === (port || standard)
}

/** A page from elsewhere asks, as a browser tells it. It may lead people here, but not load anything. */
function isForeign({ method, headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site !== 'cross-site' && site !== 'same-site') return false
  return !(method === 'GET' && headers['sec-fetch-mode'] === 'navigate')
}

function cookieName(origin: string): string {
  return origin.startsWith('https:') ? '__Host-skein-share' : 'skein-share'
}

function cookieFor(origin: string, value: string, lifeMs: number): string {
  return `${cookieName(origin)}=${value}; Path=/; Max-Age=${Math.ceil(lifeMs / 1000)}; HttpOnly; SameSite=Lax; Secure`
}
