import {
  type ApiMethod,
  type ApiParams,
  apiMethods,
  type CallMethod,
  MAX_REQUEST,
  type SkeinApi,
  SkeinError,
  type SubscriptionMethod,
} from '@skein/protocol'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { answer, answerError } from './answer.ts'
import { type AccessPolicy, guard } from './security.ts'
import { answerSubscription } from './subscription.ts'

export interface AppOptions {
  api: SkeinApi
  policy: AccessPolicy
  heartbeatMs: number
  /** Aborted when the server stops: subscriptions end. */
  stopping: AbortSignal
  /** Somebody asked the server to stop. */
  onStop(): void
  /** An error that is a defect of Skein's. */
  onDefect(method: string, error: SkeinError): void
}

/** `SkeinApi` as HTTP: `POST /v1/<method>` with the parameters as JSON. */
export function createApp(options: AppOptions): Hono {
  const { api, policy, heartbeatMs, stopping, onStop, onDefect } = options
  const report = (method: string, error: SkeinError) => {
    if (error.code === 'internal') onDefect(method, error)
  }
  const app = new Hono()
  app.use(guard(policy))
  app.use(bodyLimit({ maxSize: MAX_REQUEST, onError: () => answerError(tooLarge(), 413) }))

  app.post('/v1/:method', async (context) => {
    const method = knownMethod(context.req.param('method'))
    const params = parseParams(method, await context.req.text())
    if (isSubscription(method))
      return answerSubscription((signal) => api.subscribe(method, params as ApiParams<typeof method>, signal), {
        method,
        heartbeatMs,
        stopping,
        onError: (error) => report(method, error),
      })
    // The engine does not know what it is served by.
    if (method === 'server.stop') {
      onStop()
      return answer({})
    }
    return answer(await api.call(method as CallMethod, params as ApiParams<CallMethod>, context.req.raw.signal))
  })

  app.notFound((context) => answerError(notHere(context.req.method, context.req.path)))
  app.onError((thrown, context) => {
    const error = SkeinError.from(thrown, context.req.path)
    report(context.req.path, error)
    return answerError(error)
  })
  return app
}

function knownMethod(name: string): ApiMethod {
  if (!Object.hasOwn(apiMethods, name))
    throw new SkeinError('not_found', `${JSON.stringify(name.slice(0, 100))} is not a method of this server`, {
      next: 'Is the client newer than the server?',
    })
  return name as ApiMethod
}

function isSubscription(method: ApiMethod): method is SubscriptionMethod {
  return apiMethods[method].kind === 'subscription'
}

function parseParams(method: ApiMethod, body: string): unknown {
  let value: unknown
  try {
    value = body === '' ? {} : JSON.parse(body)
  } catch (cause) {
    throw new SkeinError('invalid', `${method}: the request's body is not JSON`, { cause })
  }
  const params = apiMethods[method].params.safeParse(value)
  if (params.success) return params.data
  const issues = params.error.issues.map((issue) => {
    const where = issue.path.join('.')
    return where === '' ? issue.message : `${where}: ${issue.message}`
  })
  throw new SkeinError('invalid', `${method}: ${issues.join('; ')}`, { details: { issues } })
}

function tooLarge(): SkeinError {
  return new SkeinError('invalid', `the request is larger than ${MAX_REQUEST} bytes`)
}

function notHere(verb: string, path: string): SkeinError {
  return new SkeinError('not_found', `there is nothing at ${verb} ${path}`, { next: 'Use POST /v1/<method>.' })
}
