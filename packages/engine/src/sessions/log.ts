import type { DatabaseSync } from 'node:sqlite'
import { type AgentEvent, type Envelope, EPHEMERAL, type EventSource } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { keep, kept } from '../sealed.ts'
import { StreamRedactor } from '../security/redact.ts'
import { Serial } from '../serial.ts'
import { prepared } from '../store/prepared.ts'
import type { SessionTable } from '../store/schema.ts'
import { applyEffects, askOpenedBy } from './effects.ts'
import type { PlacedEvent, SessionFold } from './fold.ts'
import { storeImages } from './images.ts'

/** An event on its way into the transcript. Without a source it is the engine's own. */
export interface Entry {
  placed: PlacedEvent
  at: number
  src?: EventSource
}

export type SessionUpdate = Partial<Omit<SessionTable, 'id' | 'workspace_id' | 'fold' | 'seq'>>

/**
 * The one writer of a session's transcript. Events, what follows from them (asks, prompts), the cursor and the fold are written
 * in one transaction, and only then shown; deltas are shown and never written. So whatever dies, the store holds a whole prefix
 * of the journal's fold, and the rest is read again.
 */
export class SessionLog {
  readonly id: string
  readonly workspaceId: string
  readonly #context: EngineContext
  readonly #serial = new Serial()
  /** Messages that are being written: what holds back secrets, and how much was shown. */
  readonly #deltas = new Map<string, { redactor: StreamRedactor; shown: number }>()
  #seq: number
  #fold: SessionFold
  /** The agent's part of the fold at the cursor; `fold.agent` may be ahead of it by deltas. */
  #durableAgent: unknown

  constructor(context: EngineContext, row: SessionTable) {
    this.#context = context
    this.id = row.id
    this.workspaceId = row.workspace_id
    this.#seq = row.seq
    this.#fold = kept<SessionFold>(context, row.fold, `fold:${row.id}`)
    this.#durableAgent = this.#fold.agent
  }

  get fold(): SessionFold {
    return this.#fold
  }

  get seq(): number {
    return this.#seq
  }

  /**
   * One step of the transcript. `step` gets the present fold and answers the next one with its events; `durableAgent` is the
   * agent's state at the last of them that is stored. Steps never overlap.
   */
  async append(
    step: (fold: SessionFold) => {
      fold: SessionFold
      entries: Entry[]
      durableAgent?: { state: unknown }
      update?: SessionUpdate
    },
    alongside?: (raw: DatabaseSync) => void,
  ): Promise<void> {
    await this.#serial.run(async () => {
      const { fold, entries, durableAgent, update } = step(this.#fold)
      const envelopes: Envelope[] = []
      /** Unredacted twins of what is stored, for what must be handed back to the agent as it was. */
      const originals = new Map<number, AgentEvent>()
      let seq = this.#seq
      for (const { placed, at, src } of entries) {
        if (EPHEMERAL.has(placed.event.type)) {
          const event = this.#redactDelta(placed.event)
          if (event) envelopes.push(this.#envelope(placed, event, at, seq, src, true))
          continue
        }
        seq += 1
        const whole = await storeImages(this.#context.blobs, placed.event)
        originals.set(seq, whole)
        envelopes.push(this.#envelope(placed, this.#context.redactor.redactValue(whole), at, seq, src, false))
      }
      const agentState = durableAgent ? durableAgent.state : this.#durableAgent
      if (originals.size > 0 || update || alongside) {
        const stored = keep(this.#context, { ...fold, agent: agentState }, `fold:${this.id}`)
        await this.#context.commits.write((raw) => {
          for (const envelope of envelopes) {
            if (envelope.ephemeral) continue
            insertEvent(raw, this.id, envelope)
            applyEffects(raw, this.#context, this, envelope, originals.get(envelope.seq) ?? envelope.event)
          }
          updateSession(raw, this.id, { ...update, fold: stored, seq })
          alongside?.(raw)
        })
      }
      this.#seq = seq
      this.#fold = fold
      this.#durableAgent = agentState
      this.#context.feeds.publish(this.id, envelopes)
      if (originals.size > 0 || update || alongside) this.#context.changes.workspace(this.workspaceId)
      if (envelopes.some(({ event }) => QUEUE_MOVES.has(event.type))) this.#context.changes.queue(this.id)
      for (const { event } of envelopes) if (event.type === 'turn_ended') this.#deltas.clear()
    })
  }

  /** Back to the cursor: the journal is about to be read again from there. */
  async rewind(): Promise<void> {
    await this.#serial.run(async () => {
      this.#fold = { ...this.#fold, agent: this.#durableAgent }
    })
  }

  /** Waits for the steps that were begun. */
  settled(): Promise<void> {
    return this.#serial.settled()
  }

  #envelope(
    placed: PlacedEvent,
    event: AgentEvent,
    at: number,
    seq: number,
    src: EventSource | undefined,
    ephemeral: boolean,
  ): Envelope {
    const askId = askOpenedBy(this.id, event, src?.epoch)
    return {
      v: 1,
      sessionId: this.id,
      seq,
      at,
      ...(src ? { src } : { synthetic: true as const }),
      ...(placed.turnId === undefined ? {} : { turnId: placed.turnId }),
      ...(placed.agentId === undefined ? {} : { agentId: placed.agentId }),
      ...(placed.parentToolCallId === undefined ? {} : { parentToolCallId: placed.parentToolCallId }),
      ...(askId === undefined ? {} : { askId }),
      ...(ephemeral ? { ephemeral: true as const } : {}),
      event,
    }
  }

  /** A secret may be cut in two by a delta's end; what could be its beginning is held back until it is known. */
  #redactDelta(event: AgentEvent): AgentEvent | undefined {
    if (event.type === 'tool_progress') return event
    if (
      event.type !== 'agent_message_chunk' &&
      event.type !== 'agent_thought_chunk' &&
      event.type !== 'tool_call_chunk'
    )
      return event
    const item = event.type === 'tool_call_chunk' ? event.toolCallId : event.messageId
    // The journal begins the item anew (it is read again after a lost link): so does its redaction.
    if (event.at === 0) this.#deltas.delete(item)
    const delta = this.#deltas.get(item) ?? { redactor: new StreamRedactor(this.#context.redactor), shown: 0 }
    this.#deltas.set(item, delta)
    const text = delta.redactor.push(event.text)
    if (text === '') return undefined
    const at = delta.shown
    delta.shown += text.length
    return { ...event, at, text }
  }
}

/** Events with which the prompts that wait may be others. */
const QUEUE_MOVES: ReadonlySet<AgentEvent['type']> = new Set([
  'user_message',
  'user_message_update',
  'turn_started',
  'turn_ended',
  'agent_process',
])

function insertEvent(raw: DatabaseSync, sessionId: string, { seq, at, event, src, ...rest }: Envelope): void {
  prepared(
    raw,
    'insert into events (session_id, seq, at, type, epoch, offset, n, envelope) values (?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(
    sessionId,
    seq,
    at,
    event.type,
    src?.epoch ?? null,
    src?.offset ?? null,
    src?.n ?? null,
    JSON.stringify({ ...rest, seq, at, ...(src ? { src } : {}), event }),
  )
}

function updateSession(raw: DatabaseSync, id: string, update: Partial<SessionTable> & { seq: number }): void {
  const columns = Object.keys(update)
  const values = Object.values(update) as (string | number | null)[]
  prepared(raw, `update sessions set ${columns.map((column) => `${column} = ?`).join(', ')} where id = ?`).run(
    ...values,
    id,
  )
}
