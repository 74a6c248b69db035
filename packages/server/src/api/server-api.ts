import type { ApiMethod, ApiParams, ApiResult, CallMethod, SkeinApi, SubscriptionMethod } from '@skein/protocol'
import { apiMethods, SkeinError } from '@skein/protocol'
import { withShares } from '../shares/changes.ts'
import type { Shares } from '../shares/shares.ts'

/** Who asks, as far as a method wants to know. */
export interface Caller {
  /** Where the app is for this caller; undefined on the Unix socket. */
  origin?: string
  browserId?: string
}

/** What the server knows and the engine does not: the web app's part of it. */
export interface WebMethods {
  readonly url: string
  link(path: string, caller: Caller): ApiResult<'server.link'>
  browsers(caller: Caller): ApiResult<'server.browsers'>
  signOut(browserId: string | undefined, caller: Caller): ApiResult<'server.signOut'>
  openPreview(params: ApiParams<'previews.open'>, caller: Caller): ApiResult<'previews.open'>
}

export interface ServerApiOptions {
  api: SkeinApi
  /** Somebody asked the server to stop. */
  onStop(): void
  web: WebMethods | undefined
  shares: Shares
}

/** The engine's API with the few methods that are the server's own. Parameters come as they came, and are checked here. */
export class ServerApi {
  readonly #options: ServerApiOptions

  constructor(options: ServerApiOptions) {
    this.#options = options
  }

  async call(method: CallMethod, given: unknown, caller: Caller, signal: AbortSignal): Promise<unknown> {
    const params = checkedParams(method, given)
    const { api, onStop, web, shares } = this.#options
    switch (method) {
      case 'server.stop':
        onStop()
        return {}
      case 'server.info': {
        const info = await api.call('server.info', {}, signal)
        return web ? { ...info, web: { url: web.url } } : info
      }
      case 'server.link':
        return this.#web(method).link((params as ApiParams<'server.link'>).path ?? '/', caller)
      case 'server.browsers':
        return this.#web(method).browsers(caller)
      case 'server.signOut':
        return this.#web(method).signOut((params as ApiParams<'server.signOut'>).browserId, caller)
      case 'previews.open': {
        const preview = params as ApiParams<'previews.open'>
        const { id } = await api.call('workspaces.get', { workspace: preview.workspaceId }, signal)
        return this.#web(method).openPreview({ ...preview, workspaceId: id }, caller)
      }
      case 'workspaces.remove': {
        const removed = await api.call(method, params as ApiParams<'workspaces.remove'>, signal)
        await shares.forgetWorkspace(removed.id)
        return removed
      }
      case 'shares.ways':
        return shares.ways.list()
      case 'shares.configureWay': {
        const { kind, settings } = params as ApiParams<'shares.configureWay'>
        return shares.ways.configure(kind, settings)
      }
      case 'shares.list':
        return shares.list((params as ApiParams<'shares.list'>).workspaceId)
      case 'shares.create': {
        const share = params as ApiParams<'shares.create'>
        const { id } = await api.call('workspaces.get', { workspace: share.workspaceId }, signal)
        return shares.create({ ...share, workspaceId: id })
      }
      case 'shares.open':
        return shares.reopen((params as ApiParams<'shares.open'>).shareId)
      case 'shares.revoke':
        return shares.revoke((params as ApiParams<'shares.revoke'>).shareId)
      case 'shares.visits':
        return shares.visits((params as ApiParams<'shares.visits'>).shareId)
      default:
        return api.call(method, params as never, signal)
    }
  }

  subscribe(method: SubscriptionMethod, given: unknown, signal: AbortSignal): AsyncIterable<unknown> {
    const { api, shares } = this.#options
    const params = checkedParams(method, given)
    if (method !== 'changes') return api.subscribe(method, params as never, signal)
    const { workspaceId } = params as ApiParams<'changes'>
    return withShares(api.subscribe(method, { workspaceId }, signal), shares, workspaceId)
  }

  #web(method: string): WebMethods {
    if (this.#options.web) return this.#options.web
    throw new SkeinError('unavailable', `${method}: this server has no web app`, { next: 'Start it with: skein up' })
  }
}

/** A method that this server has. */
export function knownMethod(name: string): ApiMethod {
  if (!Object.hasOwn(apiMethods, name))
    throw new SkeinError('not_found', `${JSON.stringify(name.slice(0, 100))} is not a method of this server`, {
      next: 'Is the client newer than the server?',
    })
  return name as ApiMethod
}

export function isSubscription(method: ApiMethod): method is SubscriptionMethod {
  return apiMethods[method].kind === 'subscription'
}

/** Throws `invalid` with the place of each mistake. */
export function checkedParams(method: ApiMethod, value: unknown): unknown {
  const params = apiMethods[method].params.safeParse(value)
  if (params.success) return params.data
  const issues = params.error.issues.map((issue) => {
    const where = issue.path.join('.')
    return where === '' ? issue.message : `${where}: ${issue.message}`
  })
  throw new SkeinError('invalid', `${method}: ${issues.join('; ')}`, { details: { issues } })
}
