import { type ApiParams, type ApiResult, type SkeinApi, SkeinError } from '@skein/protocol'
import { apiToken } from '../access/api-token.ts'
import { Browsers } from '../access/browsers.ts'
import { OPEN_PATH, PREVIEW_OPEN_PATH } from '../access/chain.ts'
import { previewParent } from '../access/headers.ts'
import { HostList, isLoopback } from '../access/hosts.ts'
import { OneTimeLinks } from '../access/links.ts'
import { withinSite } from '../access/within-site.ts'
import { WrongTokens } from '../access/wrong-tokens.ts'
import type { Caller, WebMethods } from '../api/server-api.ts'
import type { ServerPaths } from '../home.ts'
import { Previews } from '../previews/registry.ts'
import { StaticFiles } from './static-files.ts'

export interface WebOptions {
  /** The address to listen at. */
  host: string
  /** 0: any that is free. */
  port: number
  /** PEM texts. */
  tls?: { cert: string; key: string }
  /** An encrypted tunnel or proxy stands in front, so that an open address is no open door. */
  tunnel?: boolean
  /** Further names by which the app is reached. */
  allowHosts?: readonly string[]
  /** The folder with the built web app. */
  assets: string
  /** Answers requests of the Model Context Protocol, at `/mcp`, for who has the token. */
  mcp?: (api: SkeinApi) => McpHandler
}

export type McpHandler = (request: Request) => Promise<Response>

/** What the server has to offer browsers, and who of them may have it. */
export class Web implements WebMethods {
  readonly options: WebOptions
  readonly host: string
  readonly hosts: HostList
  readonly token: string
  readonly signedIn: Browsers
  readonly previews: Previews
  readonly files: StaticFiles
  readonly wrongTokens = new WrongTokens()
  readonly #links = new OneTimeLinks<string>()
  #port = 0

  constructor(options: WebOptions, paths: ServerPaths) {
    this.options = options
    this.host = options.host
    this.hosts = new HostList(this.host, options.allowHosts ?? [])
    this.files = new StaticFiles(options.assets)
    this.token = apiToken(paths.apiToken)
    this.signedIn = new Browsers(paths.browsers)
    this.previews = new Previews(paths.previews)
  }

  get port(): number {
    return this.#port
  }

  listensAt(port: number): void {
    this.#port = port
  }

  /** Where a person finds the app. */
  get url(): string {
    const [named] = this.options.allowHosts ?? []
    const anywhere = this.host === '0.0.0.0' || this.host === '::'
    const name = anywhere ? (this.options.tls ? (named ?? '127.0.0.1') : '127.0.0.1') : this.host
    return `${this.options.tls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${this.#port}`
  }

  link(path: string, caller: Caller): ApiResult<'server.link'> {
    const { token, expiresAt } = this.#links.make(withinSite(path))
    return { url: `${caller.origin ?? this.url}${OPEN_PATH}?token=${token}`, expiresAt }
  }

  /** Spends a link's token; answers where it leads. */
  takeLink(token: string): string | undefined {
    return this.#links.take(token)
  }

  browsers({ browserId }: Caller): ApiResult<'server.browsers'> {
    return this.signedIn.list(browserId)
  }

  signOut(browserId: string | undefined, caller: Caller): ApiResult<'server.signOut'> {
    const fits = (id: string | undefined) => (browserId === undefined ? id !== caller.browserId : id === browserId)
    this.previews.signOut(fits)
    return { signedOut: this.signedIn.signOut(fits) }
  }

  openPreview(params: ApiParams<'previews.open'>, caller: Caller): ApiResult<'previews.open'> {
    const { workspaceId, port, path = '/' } = params
    const appOrigin = caller.origin ?? this.url
    const { protocol, hostname, port: at } = new URL(appOrigin)
    const parent = previewParent(hostname)
    if (parent === undefined)
      throw new SkeinError('unavailable', `a preview needs a host name of its own, and ${hostname} can have none`, {
        next: 'Open Skein by a name: start it with --allow-host NAME, where NAME and *.NAME lead to this computer.',
      })
    const { host, token } = this.previews.open({
      workspaceId,
      port,
      path: withinSite(path),
      appOrigin,
      browserId: caller.browserId,
    })
    return { url: `${protocol}//${host}.${parent}${at === '' ? '' : `:${at}`}${PREVIEW_OPEN_PATH}?token=${token}` }
  }
}

/** Throws where the address would be open to others. */
export function refuseOpenDoor({ host, tls, tunnel }: WebOptions): void {
  if (isLoopback(host) || tls || tunnel) return
  throw new SkeinError(
    'invalid',
    `listening at ${host} without encryption would show your sessions, and the key to them, to everybody on the way`,
    {
      next: 'Give --tls-cert and --tls-key; or --tunnel, if an encrypted tunnel or proxy stands in front; or stay on 127.0.0.1 and use `ssh -L`.',
    },
  )
}
