import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import { FlyError } from './failure.ts'
import { RATES, RateLimits } from './rate.ts'
import { authorization, secretsOf } from './token.ts'

/** Where Fly.io's services are; an emulator may stand in. */
export interface FlyEndpoints {
  /** The Machines API, with its version: `https://api.machines.dev/v1`. */
  api: string
  /** Of the logs: `https://api.fly.io`. */
  logs: string
}

export const FLY_ENDPOINTS: FlyEndpoints = { api: 'https://api.machines.dev/v1', logs: 'https://api.fly.io' }

/** As the environment names them (flyctl reads the same variables). */
export function endpointsOf(
  given: { api?: string | undefined; logs?: string | undefined },
  env: Record<string, string | undefined> = process.env,
) {
  const api = given.api ?? env.FLY_FLAPS_BASE_URL ?? FLY_ENDPOINTS.api
  return {
    api: withVersion(api),
    logs: (given.logs ?? env.FLY_API_BASE_URL ?? FLY_ENDPOINTS.logs).replace(/\/+$/, ''),
  }
}

/** flyctl's variable has no version at its end. */
function withVersion(url: string): string {
  const bare = url.replace(/\/+$/, '')
  return /\/v\d+$/.test(bare) ? bare : `${bare}/v1`
}

export interface FlyCallOptions {
  /** Names the operation for its deadline and in errors: "making the machine skein-…". */
  doing: string
  method?: 'GET' | 'POST' | 'DELETE' | 'PUT'
  /** Below the API's address; with `base`, below that one. */
  path: string
  base?: string
  query?: Record<string, string | number | boolean | readonly string[]>
  body?: unknown
  /** What Fly counts, and for whom: `create` of an app, `get` of a machine. */
  action: string
  id: string
  /** Repeating it has the same effect as doing it once; reads are always repeated. */
  repeatable?: boolean
  /** Every refusal is the caller's to judge. */
  once?: boolean
  /** For this one answer; 30 s unless given. */
  answerMs?: number
  /** For all tries together; 60 s unless given. */
  deadlineMs?: number
  signal?: AbortSignal | undefined
}

export interface FlyClientOptions extends FlyEndpoints {
  token: string
  limits?: RateLimits
  /** Between 0 and 1. */
  random?: () => number
}

const ANSWER_MS = 30_000
const DEADLINE_MS = 60_000
const BACKOFF = { first: 500, most: 8000 }
const LONGEST_BODY = 16 * 1024 * 1024
/** Answers to a change that was certainly not made. */
const NOT_MADE = new Set([429])

/** Buckets are shared by all clients of one address, because Fly counts them together. */
const limitsOf = new Map<string, RateLimits>()

/** Calls Fly.io: at the rate that it allows, again when it may help, within one deadline, and never with the token in what it says. */
export class FlyClient {
  readonly endpoints: FlyEndpoints
  readonly #authorization: string
  readonly #secrets: readonly string[]
  readonly #limits: RateLimits
  readonly #random: () => number

  constructor({ token, limits, random = Math.random, ...endpoints }: FlyClientOptions) {
    this.endpoints = endpoints
    this.#authorization = authorization(token)
    this.#secrets = secretsOf(token)
    this.#random = random
    const shared = limits ?? limitsOf.get(endpoints.api) ?? new RateLimits()
    limitsOf.set(endpoints.api, shared)
    this.#limits = shared
  }

  /** The token's value for other services of Fly's (the registry). Never to be shown. */
  get token(): string {
    return this.#secrets[0] ?? ''
  }

  /** The answer's JSON; undefined for an empty one. Throws `FlyError` for every refusal that is final. */
  async call(options: FlyCallOptions): Promise<unknown> {
    const { doing, method = 'GET', deadlineMs = DEADLINE_MS, action, id, signal } = options
    const late = AbortSignal.timeout(Math.ceil(deadlineMs))
    const patience = signal ? AbortSignal.any([signal, late]) : late
    const mayRepeat = method === 'GET' || options.repeatable === true
    let last: FlyError | undefined
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#limits.take(`${action} ${id}`, RATES[action] ?? RATES.usual, patience)
        const answer = await this.#once(options, patience)
        if (!(answer instanceof Answer)) return answer
        last = answer.error
        if (options.once || !isPassing(last) || (!mayRepeat && !NOT_MADE.has(last.status))) throw last
        await sleep(answer.retryAfterMs ?? this.#pause(attempt), undefined, { signal: patience })
      } catch (error) {
        if (error instanceof FlyError) throw error
        if (signal?.aborted) throw new SkeinError('cancelled', `${doing}: cancelled`, { cause: signal.reason })
        if (late.aborted)
          throw new SkeinError(
            'timed_out',
            `${doing}: not done within ${Math.ceil(deadlineMs / 1000)} s${last ? `; ${last.what}` : ''}`,
            {
              next: last?.next ?? 'See whether Fly.io can be reached, then try again.',
              details: { ...last?.details, method, action },
              cause: last ?? error,
            },
          )
        throw error
      }
    }
  }

  async #once(options: FlyCallOptions, patience: AbortSignal): Promise<unknown | Answer> {
    const { doing, method = 'GET', path, base = this.endpoints.api, query = {}, body, answerMs = ANSWER_MS } = options
    const url = new URL(`${base}${path}`)
    for (const [name, value] of Object.entries(query))
      for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one))
    const shown = { method, url: `${url.origin}${url.pathname}` }
    const slow = AbortSignal.timeout(Math.ceil(answerMs))
    let status = 0
    let requestId: string | undefined
    try {
      const response = await fetch(url, {
        method,
        headers: {
          authorization: this.#authorization,
          accept: 'application/json',
          'user-agent': 'skein',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.any([patience, slow]),
      })
      status = response.status
      requestId = response.headers.get('fly-request-id') ?? undefined
      const text = await limited(response)
      if (response.ok) return text.trim() === '' ? undefined : JSON.parse(text)
      const error = new FlyError(doing, { ...shown, status, body: this.redacted(text), requestId })
      return new Answer(error, retryAfter(response.headers.get('retry-after')))
    } catch (error) {
      if (patience.aborted) throw error
      const why = slow.aborted ? `no answer within ${answerMs / 1000} s` : this.redacted(reasonFor(error))
      // An answer that cannot be read says no more than none: the change may have been made.
      return new Answer(new FlyError(doing, { ...shown, status: 0, body: why, requestId }, cleaned(error)), undefined)
    }
  }

  /** Without the token. */
  redacted(text: string): string {
    return this.#secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
  }

  /** Full jitter. */
  #pause(attempt: number): number {
    return this.#random() * Math.min(BACKOFF.most, BACKOFF.first * 2 ** attempt)
  }
}

/** A refusal, and when Fly wants to be asked again. */
class Answer {
  readonly error: FlyError
  readonly retryAfterMs: number | undefined

  constructor(error: FlyError, retryAfterMs: number | undefined) {
    this.error = error
    this.retryAfterMs = retryAfterMs
  }
}

function isPassing({ reason }: FlyError): boolean {
  return reason === 'timeout' || reason === 'rate' || reason === 'server' || reason === 'network'
}

/** Seconds, or a date. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined
}

async function limited(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > LONGEST_BODY) throw new Error('the answer is longer than 16 MB')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** What `fetch` hides in its cause. */
function reasonFor(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined }
  return cause instanceof Error && cause.message ? `${message}: ${cause.message}` : message
}

function cleaned(error: unknown): Error {
  return new Error(error instanceof Error ? error.name : 'the request failed')
}
