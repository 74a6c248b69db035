import type { IncomingHttpHeaders } from 'node:http'
import { SkeinError } from '@skein/protocol'
import type { ModelRequest } from './request.ts'

/** One HTTP call, whatever it was for. */
export interface ModelCall {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface WaitOptions {
  /** Milliseconds; 30,000 unless given. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** What came, oldest first; of each kind the newest `keep`. */
export class ModelRecord {
  readonly requests: ModelRequest[] = []
  readonly sideRequests: ModelRequest[] = []
  readonly calls: ModelCall[] = []
  readonly #keep: number
  readonly #arrivals = new EventTarget()

  constructor(keep: number) {
    this.#keep = keep
  }

  addCall(call: ModelCall): void {
    this.#add(this.calls, call)
  }

  addRequest(request: ModelRequest): void {
    this.#add(request.kind === 'side' ? this.sideRequests : this.requests, request)
    if (request.kind !== 'side') this.#arrivals.dispatchEvent(new CustomEvent('request', { detail: request }))
  }

  async waitForRequest(
    fits: (request: ModelRequest) => boolean,
    closing: AbortSignal,
    { timeoutMs = 30_000, signal }: WaitOptions = {},
  ): Promise<ModelRequest> {
    const past = this.requests.find(fits)
    if (past !== undefined) return past
    const { promise, resolve, reject } = Promise.withResolvers<ModelRequest>()
    const deadline = AbortSignal.timeout(timeoutMs)
    const stop = AbortSignal.any([deadline, closing, ...(signal === undefined ? [] : [signal])])
    const onRequest = (event: Event) => {
      const { detail } = event as CustomEvent<ModelRequest>
      if (fits(detail)) resolve(detail)
    }
    const onStop = () => reject(this.#notSeen(deadline.aborted ? `in ${timeoutMs} ms` : 'before it was stopped', stop))
    this.#arrivals.addEventListener('request', onRequest)
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    try {
      return await promise
    } finally {
      this.#arrivals.removeEventListener('request', onRequest)
      stop.removeEventListener('abort', onStop)
    }
  }

  #notSeen(when: string, stop: AbortSignal): SkeinError {
    const seen = this.requests.map((request) => `  ${request.kind} ${request.turn}: ${summary(request)}`)
    return new SkeinError(
      'timed_out',
      `waiting for a request to the scripted model: none fitted ${when}; it got\n${seen.join('\n') || '  nothing'}`,
      { cause: stop.reason },
    )
  }

  #add<T>(list: T[], item: T): void {
    list.push(item)
    if (list.length > this.#keep) list.shift()
  }
}

function summary(request: ModelRequest): string {
  const results = request.toolResults.map((result) => `${result.name} ${result.isError ? 'failed' : 'done'}`)
  return results.length > 0 ? results.join(', ') : JSON.stringify(request.lastUserText.slice(0, 80))
}
