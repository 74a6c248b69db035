import { connectionError, SkeinError } from '@skein/protocol'

export interface SubscriptionOptions {
  method: string
  /** `lines` of JSON, or server-sent `events`. */
  format?: 'lines' | 'events'
  heartbeatMs: number
  /** Aborted when the server stops. */
  stopping: AbortSignal
  onError(error: SkeinError): void
  /** A reader that takes nothing for so long loses its subscription, and may subscribe again where it was; milliseconds. */
  stallMs?: number
}

/** What a reader may have taken nothing for, by default. */
export const STALL_MS = 120_000

/**
 * The items as lines of JSON, or as server-sent events. An item is asked for only when the client has taken the one before, so a
 * slow client costs nothing. Ends with `{"error": …}` if the items end with an error, or if the server stops.
 *
 * @param subscribe is given a signal that is aborted when nobody listens any more
 */
export function answerSubscription(
  subscribe: (signal: AbortSignal) => AsyncIterable<unknown>,
  options: SubscriptionOptions,
): Response {
  const encoder = new TextEncoder()
  const ending = new AbortController()
  const parts = subscriptionParts(subscribe, ending, options)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await parts.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        ending.abort()
        await parts.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
  const type = options.format === 'events' ? 'text/event-stream' : 'application/x-ndjson'
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-store' } })
}

interface Format {
  beat: string
  item(value: unknown): string
  error(error: SkeinError): string
}

const FORMATS: Record<'lines' | 'events', Format> = {
  lines: {
    beat: '\n',
    item: (value) => `${JSON.stringify(value)}\n`,
    error: (error) => `${JSON.stringify({ error: error.toBody() })}\n`,
  },
  events: {
    beat: ':\n\n',
    item: (value) => `${idLine(value)}data: ${JSON.stringify(value)}\n\n`,
    error: (error) => `event: error\ndata: ${JSON.stringify(error.toBody())}\n\n`,
  },
}

/** A stored event can be named when the client comes back; what streams beside them cannot. */
function idLine(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('envelope' in value)) return ''
  const { envelope } = value
  if (typeof envelope !== 'object' || envelope === null || !('seq' in envelope)) return ''
  return 'ephemeral' in envelope && envelope.ephemeral === true ? '' : `id: ${String(envelope.seq)}\n`
}

/** `ending` is aborted when the client has gone away, and by us when there are no more items. */
async function* subscriptionParts(
  subscribe: (signal: AbortSignal) => AsyncIterable<unknown>,
  ending: AbortController,
  { method, format = 'lines', heartbeatMs, stopping, onError, stallMs = STALL_MS }: SubscriptionOptions,
): AsyncGenerator<string, undefined> {
  const { beat, item: itemPart, error: errorPart } = FORMATS[format]
  let items: AsyncIterator<unknown> | undefined
  let stalled = false
  /** Started when a part waits to be taken, and ended when the next one is asked for. */
  let taking: NodeJS.Timeout | undefined
  const untilTaken = (part: string): string => {
    taking = setTimeout(() => {
      stalled = true
      ending.abort()
    }, stallMs)
    taking.unref()
    return part
  }
  const taken = () => {
    clearTimeout(taking)
    if (stalled) throw stalledError(method, stallMs)
  }
  try {
    // At once, so that the client knows that it is connected.
    yield untilTaken(beat)
    taken()
    items = subscribe(ending.signal)[Symbol.asyncIterator]()
    let next = new NextItem(items.next())
    for (;;) {
      const what = await next.orSooner(heartbeatMs, ending.signal, stopping)
      if (what === 'gone') return
      if (what === 'stopping') throw stoppingError(method)
      if (what === 'heartbeat') {
        yield untilTaken(beat)
        taken()
        continue
      }
      const item = await next.result
      if (item.done) return
      yield untilTaken(itemPart(item.value))
      taken()
      next = new NextItem(items.next())
    }
  } catch (thrown) {
    const error = SkeinError.from(thrown, method)
    onError(error)
    yield errorPart(error)
  } finally {
    clearTimeout(taking)
    ending.abort()
    // Not awaited: items that wait for something would keep the connection from ending.
    items?.return?.().catch(() => {})
  }
}

type Sooner = 'item' | 'heartbeat' | 'gone' | 'stopping'

/** An item that was asked for. Waited for any number of times with one handler on its promise. */
class NextItem {
  readonly result: Promise<IteratorResult<unknown>>
  #arrived = false
  #wake = () => {}

  constructor(result: Promise<IteratorResult<unknown>>) {
    this.result = result
    const arrive = () => {
      this.#arrived = true
      this.#wake()
    }
    result.then(arrive, arrive)
  }

  orSooner(heartbeatMs: number, gone: AbortSignal, stopping: AbortSignal): Promise<Sooner> {
    return new Promise((resolve) => {
      const settle = (what: Sooner) => {
        clearTimeout(timer)
        gone.removeEventListener('abort', onGone)
        stopping.removeEventListener('abort', onStopping)
        resolve(what)
      }
      const onGone = () => settle('gone')
      const onStopping = () => settle('stopping')
      const timer = setTimeout(() => settle('heartbeat'), heartbeatMs)
      this.#wake = () => settle('item')
      gone.addEventListener('abort', onGone)
      stopping.addEventListener('abort', onStopping)
      if (gone.aborted) onGone()
      else if (stopping.aborted) onStopping()
      else if (this.#arrived) this.#wake()
    })
  }
}

export function stoppingError(method: string): SkeinError {
  return new SkeinError('unavailable', `${method}: the server stops`, {
    next: 'Subscribe again.',
    details: { reason: 'server_stopping', connection: 'stopping' },
  })
}

export function stalledError(method: string, ms: number): SkeinError {
  const error = connectionError('dropped', `${method}: nothing was taken for ${ms / 1000} s`)
  return new SkeinError(error.code, error.message, { next: 'Subscribe again where you were.', details: error.details })
}
