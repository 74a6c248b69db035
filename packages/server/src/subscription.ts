import { SkeinError } from '@skein/protocol'

export interface SubscriptionOptions {
  method: string
  heartbeatMs: number
  /** Aborted when the server stops. */
  stopping: AbortSignal
  onError(error: SkeinError): void
}

/**
 * The items as lines of JSON. An item is asked for only when the client has taken the one before, so a slow client costs
 * nothing. Ends with `{"error": …}` if the items end with an error, or if the server stops.
 *
 * @param subscribe is given a signal that is aborted when nobody listens any more
 */
export function answerSubscription(
  subscribe: (signal: AbortSignal) => AsyncIterable<unknown>,
  options: SubscriptionOptions,
): Response {
  const encoder = new TextEncoder()
  const ending = new AbortController()
  const lines = subscriptionLines(subscribe, ending, options)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        ending.abort()
        await lines.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' } })
}

/** `ending` is aborted when the client has gone away, and by us when there are no more lines. */
async function* subscriptionLines(
  subscribe: (signal: AbortSignal) => AsyncIterable<unknown>,
  ending: AbortController,
  { method, heartbeatMs, stopping, onError }: SubscriptionOptions,
): AsyncGenerator<string, undefined> {
  let items: AsyncIterator<unknown> | undefined
  try {
    // At once, so that the client knows that it is connected.
    yield '\n'
    items = subscribe(ending.signal)[Symbol.asyncIterator]()
    let next = new NextItem(items.next())
    for (;;) {
      const what = await next.orSooner(heartbeatMs, ending.signal, stopping)
      if (what === 'gone') return
      if (what === 'heartbeat') {
        yield '\n'
        continue
      }
      if (what === 'stopping') throw stoppingError(method)
      const item = await next.result
      if (item.done) return
      yield `${JSON.stringify(item.value)}\n`
      next = new NextItem(items.next())
    }
  } catch (thrown) {
    const error = SkeinError.from(thrown, method)
    onError(error)
    yield `${JSON.stringify({ error: error.toBody() })}\n`
  } finally {
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

function stoppingError(method: string): SkeinError {
  return new SkeinError('unavailable', `${method}: the server stops`, {
    next: 'Subscribe again.',
    details: { reason: 'server_stopping', connection: 'stopping' },
  })
}
