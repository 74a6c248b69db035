import { MAX_REQUEST, SkeinError } from '@skein/protocol'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { answerError } from './answer.ts'
import { apiRoutes } from './api/routes.ts'
import type { ServerApi } from './api/server-api.ts'
import { type AccessPolicy, guard } from './security.ts'

export interface AppOptions {
  api: ServerApi
  policy: AccessPolicy
  version: string
  heartbeatMs: number
  /** Aborted when the server stops: subscriptions end. */
  stopping: AbortSignal
  /** An error that is a defect of Skein's. */
  onDefect(method: string, error: SkeinError): void
}

/** `SkeinApi` on the Unix socket, whose mode is its credential. */
export function createApp(options: AppOptions): Hono {
  const report = (method: string, error: SkeinError) => {
    if (error.code === 'internal') options.onDefect(method, error)
  }
  const app = new Hono()
  app.use(guard(options.policy))
  app.use(bodyLimit({ maxSize: MAX_REQUEST, onError: () => answerError(tooLarge(), 413) }))
  apiRoutes(app, { ...options, caller: () => ({}), onError: report })
  app.notFound((context) => answerError(notHere(context.req.method, context.req.path)))
  app.onError((thrown, context) => {
    const error = SkeinError.from(thrown, context.req.path)
    report(context.req.path, error)
    return answerError(error)
  })
  return app
}

function tooLarge(): SkeinError {
  return new SkeinError('invalid', `the request is larger than ${MAX_REQUEST} bytes`)
}

function notHere(verb: string, path: string): SkeinError {
  return new SkeinError('not_found', `there is nothing at ${verb} ${path}`, { next: 'Use POST /v1/<method>.' })
}
