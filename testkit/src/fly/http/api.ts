import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Fault, FaultKind } from '../faults.ts'
import type { FlyCall } from '../journal.ts'
import type { Limits } from '../limits.ts'
import type { Contract } from '../openapi/contract.ts'
import { type ApiDocument, findOperation, type Operation } from '../openapi/document.ts'
import { apps } from '../operations/apps.ts'
import { leases } from '../operations/leases.ts'
import { lifecycle } from '../operations/lifecycle.ts'
import { machines } from '../operations/machines.ts'
import { metadata } from '../operations/metadata.ts'
import { organisations } from '../operations/organisations.ts'
import { platform } from '../operations/platform.ts'
import { secrets } from '../operations/secrets.ts'
import { volumes } from '../operations/volumes.ts'
import { wait } from '../operations/wait.ts'
import type { FlyToken } from '../options.ts'
import type { Lifecycle } from '../state/lifecycle.ts'
import type { World } from '../state/world.ts'
import type { Answer, Handler } from './call.ts'
import { withEventFault } from './event-faults.ts'
import { notRouted, Refusal, refused, refusedByApps } from './refusal.ts'
import { addAffinity, addFlyHeaders, faultAnswer, reset, send, sendRefusal } from './send.ts'
import { mayDo, tokenOf } from './tokens.ts'

const handlers: Readonly<Record<string, Handler>> = {
  ...apps,
  ...leases,
  ...lifecycle,
  ...machines,
  ...metadata,
  ...organisations,
  ...platform,
  ...secrets,
  ...volumes,
  ...wait,
}

export interface ApiParts {
  readonly world: World
  readonly life: Lifecycle
  readonly document: ApiDocument
  readonly contract: Contract
  readonly limits: Limits
  readonly enforceLimits: boolean
  readonly strict: boolean
  readonly journal: FlyCall[]
}

/** Answers that Fly gives instead of doing it, or although it was done. */
const ANSWERS: readonly FaultKind[] = ['408', '429', '500', '502', '503', '504']

/** The Machines API: one request from its first byte to its answer. */
export class Api {
  readonly #parts: ApiParts

  constructor(parts: ApiParts) {
    this.#parts = parts
  }

  /** `inside`: of whom it comes without a token, because it comes from inside a machine. */
  async to(request: IncomingMessage, response: ServerResponse, url: URL, inside?: FlyToken): Promise<void> {
    const { world } = this.#parts
    const left = new AbortController()
    response.once('close', () => left.abort(new Error('the client left')))
    const entry = this.#begin(request, url)
    addFlyHeaders(response, entry.requestId)
    const signal = AbortSignal.any([left.signal, world.closing])
    try {
      const answer = await this.#answer(request, url, entry, signal, inside)
      if (answer === 'reset') return void reset(request.socket)
      entry.status = answer.status
      addAffinity(response, entry)
      send(response, answer)
    } catch (error) {
      if (signal.aborted) return void response.destroy()
      const refusal = error instanceof Refusal ? error : this.#defect(error)
      entry.status = refusal.status
      addAffinity(response, entry)
      sendRefusal(response, refusal)
    } finally {
      entry.took = world.clock.now() - entry.at
    }
  }

  async #answer(
    request: IncomingMessage,
    url: URL,
    entry: FlyCall,
    signal: AbortSignal,
    inside: FlyToken | undefined,
  ): Promise<Answer | 'reset'> {
    const { world, life, contract, document } = this.#parts
    const path = url.pathname.slice('/v1'.length)
    const redirected = withoutEmptyParts(path)
    if (redirected !== path)
      throw new Refusal(301, `<a href="/v1${redirected}">Moved Permanently</a>.\n`, { location: `/v1${redirected}` })
    const found = findOperation(document, request.method ?? 'GET', path)
    if (found === undefined) throw notRouted()
    const { operation, params } = found
    if (operation.requiredQuery.some((name) => !url.searchParams.has(name))) throw notRouted()
    Object.assign(entry, { action: operation.id, app: params.app_name, machine: params.machine_id })
    const token = this.#authenticate(request, operation, params.app_name, inside)
    this.#limit(operation, params)
    const fault = world.faults.for(operation.id, Object.values(params))
    entry.fault = fault?.kind
    const body = await bodyOf(request)
    Object.assign(entry, { body })
    const handler = handlers[operation.id]
    if (handler === undefined) throw new Refusal(501, `${operation.id} is not emulated\n`)
    const wrong = contract.request(operation, url.searchParams, body)
    if (wrong.length > 0) throw refused('invalid_argument', `unable to parse request: ${wrong.join('; ')}`)
    if (fault && !fault.after && (await happens(fault, world, signal)) === 'reset') return 'reset'
    const { headers, method = 'GET' } = request
    const answer = await handler({
      world,
      life,
      method,
      params,
      query: url.searchParams,
      headers,
      body,
      token,
      fault,
      signal,
    })
    if (fault?.after && (await happens(fault, world, signal)) === 'reset') return 'reset'
    return this.#checked(operation, { ...answer, ...withEvents(answer, fault, world) })
  }

  #begin(request: IncomingMessage, url: URL): FlyCall {
    const { world, journal } = this.#parts
    const at = world.clock.now()
    const entry: FlyCall = {
      n: journal.length + 1,
      method: request.method ?? 'GET',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      action: undefined,
      app: undefined,
      machine: undefined,
      body: undefined,
      at,
      status: 0,
      took: 0,
      fault: undefined,
      requestId: `${world.ulids.next(at)}-iad`,
    }
    journal.push(entry)
    return entry
  }

  #authenticate(request: IncomingMessage, operation: Operation, app: string | undefined, inside: FlyToken | undefined) {
    const isAppService = /^(Apps|App)_/.test(operation.id)
    const token = tokenOf(request.headers.authorization, this.#parts.world.tokens) ?? inside
    if (token === undefined && isAppService) throw refusedByApps(401, 'Unauthorized')
    if (token === undefined)
      throw new Refusal(
        401,
        { error: 'Authenticate: token validation error' },
        { 'www-authenticate': 'Basic realm="Restricted"' },
      )
    if (!mayDo(token, { method: operation.method, app }))
      throw isAppService
        ? refusedByApps(403, 'Forbidden')
        : refused('permission_denied', 'token is not scoped for this')
    return token
  }

  #limit({ id }: Operation, params: Readonly<Record<string, string>>): void {
    const { limits, enforceLimits } = this.#parts
    const of = params.machine_id ?? params.volume_id ?? params.app_name ?? params.org_slug ?? 'account'
    if (!limits.take(id, of) && enforceLimits) throw refused('resource_exhausted', 'rate limit exceeded')
  }

  #checked(operation: Operation, answer: Answer): Answer {
    const { contract, strict } = this.#parts
    // As it is sent: what is undefined is not there.
    const json: unknown = answer.json === undefined ? undefined : JSON.parse(JSON.stringify(answer.json))
    const wrong = contract.response(operation, answer.status, json)
    if (wrong.length > 0 && strict)
      throw new Refusal(500, { error: `the emulator's answer does not fit the OpenAPI document: ${wrong.join('; ')}` })
    return { ...answer, json }
  }

  #defect(error: unknown): Refusal {
    this.#parts.world.defects.push(error)
    return new Refusal(500, { error: `internal: the emulator failed: ${error instanceof Error ? error.stack : error}` })
  }
}

async function happens(fault: Fault, world: World, signal: AbortSignal): Promise<'reset' | undefined> {
  if (ANSWERS.includes(fault.kind)) throw faultAnswer(fault)
  if (fault.kind === 'hang') await world.clock.sleep(Number.POSITIVE_INFINITY, signal)
  if (fault.kind === 'slow') await world.clock.sleep(fault.delayMs ?? 1_000, signal)
  return fault.kind === 'reset' ? 'reset' : undefined
}

function withEvents(answer: Answer, fault: Fault | undefined, { clock }: World): { json?: unknown } {
  return answer.json === undefined ? {} : { json: withEventFault(answer.json, fault, clock.now()) }
}

function withoutEmptyParts(path: string): string {
  return path.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const content = await text(request)
  if (content === '') return undefined
  try {
    return JSON.parse(content)
  } catch (error) {
    throw refused('invalid_argument', `unable to parse request body: ${error instanceof Error ? error.message : error}`)
  }
}
