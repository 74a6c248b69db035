import {
  type ApiMethod,
  type ApiParams,
  type ApiResult,
  apiMethods,
  type CallMethod,
  type SkeinApi,
  SkeinError,
  type SubscriptionMethod,
} from '@skein/protocol'
import type { Actors } from './actors.ts'
import type { Commands } from './commands.ts'
import type { EngineContext } from './context.ts'
import { askHandlers } from './handlers/asks.ts'
import { fileHandlers } from './handlers/files.ts'
import { machineHandlers } from './handlers/machines.ts'
import { projectHandlers } from './handlers/projects.ts'
import { reviewHandlers } from './handlers/reviews.ts'
import { lookupHandlers } from './handlers/search.ts'
import { serverHandlers } from './handlers/server.ts'
import { sessionHandlers } from './handlers/sessions.ts'
import { shareHandlers } from './handlers/shares.ts'
import { subscriptionHandlers } from './handlers/subscriptions.ts'
import { workHandlers } from './handlers/work.ts'
import { workspaceHandlers } from './handlers/workspaces.ts'
import type { SearchIndexer } from './search/indexer.ts'

/** What handlers work with beside the context. */
export interface Parts {
  context: EngineContext
  actors: Actors
  commands: Commands
  indexer: SearchIndexer
  version: string
  startedAt: number
  stop(): void
}

export type CallHandlers = { [M in CallMethod]: (params: ApiParams<M>, signal: AbortSignal) => Promise<ApiResult<M>> }
export type SubscriptionHandlersOf = {
  [M in SubscriptionMethod]: (params: ApiParams<M>, signal: AbortSignal) => AsyncIterable<ApiResult<M>>
}

/** `SkeinApi` by the engine itself. */
export class EngineApi implements SkeinApi {
  readonly #calls: CallHandlers
  readonly #subscriptions: SubscriptionHandlersOf
  readonly #context: EngineContext

  constructor(parts: Parts) {
    this.#context = parts.context
    this.#calls = {
      ...serverHandlers(parts),
      ...projectHandlers(parts),
      ...workspaceHandlers(parts),
      ...sessionHandlers(parts),
      ...askHandlers(parts),
      ...fileHandlers(parts),
      ...reviewHandlers(parts),
      ...lookupHandlers(parts),
      ...workHandlers(parts),
      ...machineHandlers(parts),
      ...shareHandlers(),
    }
    this.#subscriptions = subscriptionHandlers(parts)
  }

  async call<M extends CallMethod>(method: M, params: ApiParams<M>, signal?: AbortSignal): Promise<ApiResult<M>> {
    const handler = this.#calls[method] as (params: ApiParams<M>, signal: AbortSignal) => Promise<ApiResult<M>>
    try {
      return await handler(checkedParams(method, params), this.#until(signal))
    } catch (error) {
      const failure = SkeinError.from(error, method)
      if (failure.code === 'internal')
        this.#context.log('error', 'a call failed', {
          method,
          error: String(error),
          stack: error instanceof Error ? error.stack : undefined,
        })
      throw this.#redacted(failure)
    }
  }

  subscribe<M extends SubscriptionMethod>(
    method: M,
    params: ApiParams<M>,
    signal?: AbortSignal,
  ): AsyncIterable<ApiResult<M>> {
    const handler = this.#subscriptions[method] as (
      params: ApiParams<M>,
      signal: AbortSignal,
    ) => AsyncIterable<ApiResult<M>>
    return handler(checkedParams(method, params), this.#until(signal))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#context.signal]) : this.#context.signal
  }

  #redacted(error: SkeinError): SkeinError {
    const message = this.#context.redactor.redactText(error.message)
    return message === error.message
      ? error
      : new SkeinError(error.code, message, { next: error.next, details: error.details })
  }
}

function checkedParams<M extends ApiMethod>(method: M, params: unknown): ApiParams<M> {
  const checked = apiMethods[method].params.safeParse(params)
  if (checked.success) return checked.data as ApiParams<M>
  const issue = checked.error.issues[0]
  throw new SkeinError(
    'invalid',
    `${method}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is wrong'}`.replace(/ +/g, ' '),
  )
}
