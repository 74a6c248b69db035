import type { Envelope, FollowItem } from '@skein/protocol'
import type { Kysely } from 'kysely'
import { AsyncQueue } from '../async-queue.ts'
import type { Store } from '../store/schema.ts'

/** Live items that may wait for one reader before it is sent back to the store. */
const READER_LIMIT = 5000
const PAGE = 500

type Chunk = Extract<Envelope['event'], { type: 'agent_message_chunk' | 'agent_thought_chunk' | 'tool_call_chunk' }>

/**
 * What is happening in sessions now, to whoever follows them. Stored events are published after their commit, in order; deltas
 * at once. The text of messages that are still being written is kept here, so that a late reader sees it from its beginning.
 */
export class SessionFeeds {
  readonly #readers = new Map<string, Set<AsyncQueue<Envelope>>>()
  readonly #partials = new Map<string, Map<string, Envelope>>()
  readonly #db: Kysely<Store>

  constructor(db: Kysely<Store>) {
    this.#db = db
  }

  publish(sessionId: string, envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.#keepPartial(sessionId, envelope)
    const readers = this.#readers.get(sessionId)
    if (!readers) return
    for (const reader of readers) for (const envelope of envelopes) reader.push(envelope)
  }

  /** Stored events after `after`, then live ones. Ends when the signal aborts. */
  async *follow(sessionId: string, after: number, signal: AbortSignal): AsyncGenerator<FollowItem> {
    await using queue = new AsyncQueue<Envelope>(READER_LIMIT)
    const readers = this.#readers.get(sessionId) ?? new Set()
    this.#readers.set(sessionId, readers.add(queue))
    const onAbort = () => queue.close()
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) queue.close()
    try {
      let last = after
      /** Units of each unfinished message that this reader has. */
      let seen = new Map<string, number>()
      let live = false
      while (!signal.aborted) {
        for await (const envelope of this.#stored(sessionId, last, signal)) {
          last = envelope.seq
          yield { type: 'event', envelope }
        }
        seen = new Map()
        for (const envelope of this.#partials.get(sessionId)?.values() ?? []) {
          if (!isChunk(envelope.event)) continue
          seen.set(itemId(envelope.event), envelope.event.text.length)
          yield { type: 'event', envelope: { ...envelope, seq: last } }
        }
        if (!live) yield { type: 'live', seq: last }
        live = true
        const lagged = yield* this.#live(
          queue,
          seen,
          () => last,
          (seq) => {
            last = seq
          },
        )
        if (!lagged) return
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      readers.delete(queue)
      if (readers.size === 0) this.#readers.delete(sessionId)
    }
  }

  /** Items as they come; answers true when the reader fell behind and must go back to the store. */
  async *#live(
    queue: AsyncQueue<Envelope>,
    seen: Map<string, number>,
    last: () => number,
    advance: (seq: number) => void,
  ): AsyncGenerator<FollowItem, boolean> {
    for (;;) {
      const taken = await queue.take()
      if (!taken) return false
      if (taken.lagged) return true
      for (const envelope of taken.items) {
        if (!envelope.ephemeral) {
          if (envelope.seq <= last()) continue
          if (envelope.seq > last() + 1) return true
          advance(envelope.seq)
          yield { type: 'event', envelope }
          continue
        }
        // A delta from before what the store has already given belongs to an item that is whole by now.
        if (envelope.seq < last()) continue
        const fresh = withoutOverlap(envelope, seen)
        if (fresh) yield { type: 'event', envelope: fresh }
      }
    }
  }

  async *#stored(sessionId: string, after: number, signal: AbortSignal): AsyncGenerator<Envelope> {
    for (let last = after; !signal.aborted; ) {
      const rows = await this.#db
        .selectFrom('events')
        .select(['seq', 'envelope'])
        .where('session_id', '=', sessionId)
        .where('seq', '>', last)
        .orderBy('seq')
        .limit(PAGE)
        .execute()
      for (const row of rows) {
        last = row.seq
        yield JSON.parse(row.envelope) as Envelope
      }
      if (rows.length < PAGE) return
    }
  }

  #keepPartial(sessionId: string, envelope: Envelope): void {
    const { event } = envelope
    const partials = this.#partials.get(sessionId)
    if (isChunk(event)) {
      const of = partials ?? new Map<string, Envelope>()
      this.#partials.set(sessionId, of)
      const before = of.get(itemId(event))
      const text = before && isChunk(before.event) ? before.event.text.slice(0, event.at) + event.text : event.text
      of.set(itemId(event), { ...envelope, event: { ...event, at: 0, text } })
      return
    }
    if (!partials) return
    if (event.type === 'agent_message' || event.type === 'agent_thought') partials.delete(event.messageId)
    else if (event.type === 'tool_call') partials.delete(event.toolCallId)
    else if (event.type === 'turn_ended') partials.clear()
    if (partials.size === 0) this.#partials.delete(sessionId)
  }
}

function isChunk(event: Envelope['event']): event is Chunk {
  return (
    event.type === 'agent_message_chunk' || event.type === 'agent_thought_chunk' || event.type === 'tool_call_chunk'
  )
}

function itemId(event: Chunk): string {
  return event.type === 'tool_call_chunk' ? event.toolCallId : event.messageId
}

function withoutOverlap(envelope: Envelope, seen: Map<string, number>): Envelope | undefined {
  const { event } = envelope
  if (!isChunk(event)) return envelope
  const have = seen.get(itemId(event)) ?? 0
  const end = event.at + event.text.length
  if (end <= have) return undefined
  seen.set(itemId(event), end)
  return event.at >= have
    ? envelope
    : { ...envelope, event: { ...event, at: have, text: event.text.slice(have - event.at) } }
}
