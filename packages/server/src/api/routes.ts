import { apiMethods, SkeinError } from '@skein/protocol'
import type { Context, Env, Hono } from 'hono'
import { answer } from '../answer.ts'
import { answerSubscription, type SubscriptionOptions } from '../subscription.ts'
import { openApiDocument } from './openapi.ts'
import { paramsOfQuery } from './query.ts'
import { type Caller, isSubscription, knownMethod, type ServerApi } from './server-api.ts'

export interface ApiRoutesOptions<E extends Env> {
  api: ServerApi
  version: string
  heartbeatMs: number
  /** Aborted when the server stops: subscriptions end. */
  stopping: AbortSignal
  onError(method: string, error: SkeinError): void
  caller(context: Context<E>): Caller
  /** A reader that takes nothing for so long loses its subscription, milliseconds. */
  stallMs?: number
}

/**
 * `SkeinApi` as HTTP. Every method: `POST /v1/<method>` with the parameters as JSON. Queries and subscriptions also:
 * `GET /v1/<method>?…`. A subscription answers lines of JSON, or server-sent events where those are asked for.
 */
export function apiRoutes<E extends Env>(app: Hono<E>, options: ApiRoutesOptions<E>): void {
  const { api, version, caller } = options

  app.post('/v1/:method', async (context) => {
    const method = knownMethod(context.req.param('method'))
    const params = parseBody(method, await context.req.text())
    if (isSubscription(method)) return subscription(context, method, params)
    return answer(await api.call(method, params, caller(context), context.req.raw.signal))
  })

  app.get('/v1/:method', async (context) => {
    const method = knownMethod(context.req.param('method'))
    if (apiMethods[method].kind === 'command')
      throw new SkeinError('invalid', `${method} is a command`, { next: `Use POST /v1/${method}.` })
    const params = paramsOfQuery(method, new URL(context.req.url).searchParams)
    if (isSubscription(method)) return subscription(context, method, params)
    return answer(await api.call(method, params, caller(context), context.req.raw.signal))
  })

  app.get('/openapi.json', () => answer(openApiDocument(version)))

  function subscription(context: Context<E>, method: ReturnType<typeof knownMethod>, params: unknown): Response {
    if (!isSubscription(method)) throw new SkeinError('internal', `${method} is no subscription`)
    const events = context.req.header('accept')?.includes('text/event-stream') ?? false
    const after = events ? resumedAfter(context.req.header('last-event-id')) : undefined
    const resumed = method === 'sessions.follow' && after !== undefined ? { ...(params as object), after } : params
    const subscriptionOptions: SubscriptionOptions = {
      method,
      format: events ? 'events' : 'lines',
      heartbeatMs: options.heartbeatMs,
      stopping: options.stopping,
      onError: (error) => options.onError(method, error),
      ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
    }
    return answerSubscription((signal) => api.subscribe(method, resumed, signal), subscriptionOptions)
  }
}

function parseBody(method: string, body: string): unknown {
  try {
    return body === '' ? {} : JSON.parse(body)
  } catch (cause) {
    throw new SkeinError('invalid', `${method}: the request's body is not JSON`, { cause })
  }
}

/** The id of the last event that a client has got: an event's seq. */
function resumedAfter(lastEventId: string | undefined): number | undefined {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : undefined
}
