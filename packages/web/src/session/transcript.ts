import type { Envelope } from '@skein/protocol'
import type { Item, PromptItem, SessionFacts, ToolItem } from './items.ts'
import { itemFor, updated } from './reduce.ts'

export interface TranscriptView {
  readonly items: readonly Item[]
  readonly facts: SessionFacts
  /** The first and the last stored event that it was folded from; 0 when there is none. */
  readonly firstSeq: number
  readonly lastSeq: number
}

/**
 * The items of a session, folded from its events as they come, from either end: `append` takes what is new, `prepend` what was
 * before. In whatever portions the events come, the items are the same.
 */
export class Transcript {
  #items: Item[] = []
  #places = new Map<string, number>()
  #parents = new Map<string, string>()
  /** Prompts that wait: they are shown where they are sent. */
  #waiting = new Map<string, PromptItem>()
  /** Events about an item whose beginning has not been loaded yet. */
  #orphans: Envelope[] = []
  /** Messages that another took the place of. */
  #superseded = new Set<string>()
  /** Whether a turn or the process ended in these events: that ends what was under way before them, too. */
  #ends: { turn: boolean; process: boolean } = { turn: false, process: false }
  /** Asks that are open. */
  #asking = new Set<string>()
  #facts: SessionFacts = { working: false }
  #firstSeq = 0
  #lastSeq = 0
  #view: TranscriptView | undefined
  /** `#items` was handed out: it must not change any more. */
  #shared = false

  /** How it is now; the same object until something changes. */
  view(): TranscriptView {
    this.#shared = true
    this.#view ??= {
      items: this.#items,
      facts: this.#facts,
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
    }
    return this.#view
  }

  append(envelopes: readonly Envelope[]): void {
    if (envelopes.length === 0) return
    this.#own()
    for (const envelope of envelopes) {
      if (!envelope.ephemeral) {
        if (envelope.seq <= this.#lastSeq) continue
        if (this.#firstSeq === 0) this.#firstSeq = envelope.seq
        this.#lastSeq = envelope.seq
      }
      if (!this.#reduce(envelope) && !envelope.ephemeral) this.#orphans.push(envelope)
    }
  }

  prepend(envelopes: readonly Envelope[]): void {
    const older = new Transcript()
    older.append(this.#firstSeq === 0 ? envelopes : envelopes.filter(({ seq }) => seq < this.#firstSeq))
    if (older.#lastSeq === 0) return
    this.#own()
    const orphans = this.#orphans
    this.#orphans = older.#orphans
    for (const envelope of orphans) if (!older.#reduce(envelope)) this.#orphans.push(envelope)
    if (this.#ends.turn) older.#settle(false)
    if (this.#ends.process) older.#settle(true)
    // What began before and was told again since stands where it began, as it is now.
    const renewed = new Map(this.#items.filter(({ key }) => older.#places.has(key)).map((item) => [item.key, item]))
    const before = older.#items.flatMap((item) => {
      if (this.#superseded.has(item.key)) return []
      const now = renewed.get(item.key)
      return now ? [{ ...now, seq: item.seq, at: item.at }] : [item]
    })
    this.#items = [...before, ...this.#items.filter(({ key }) => !renewed.has(key))]
    for (const key of older.#superseded) this.#superseded.add(key)
    this.#ends = { turn: this.#ends.turn || older.#ends.turn, process: this.#ends.process || older.#ends.process }
    // A prompt that was queued among the older events may have been sent among the newer ones.
    if (older.#items.some(({ seq }) => seq > older.#lastSeq)) this.#items.sort((a, b) => a.seq - b.seq)
    for (const [key, parent] of older.#parents) this.#parents.set(key, parent)
    for (const [id, prompt] of older.#waiting) if (!this.#waiting.has(id)) this.#waiting.set(id, prompt)
    this.#facts = { ...older.#facts, ...this.#facts }
    if (this.#lastSeq === 0) {
      this.#lastSeq = older.#lastSeq
      this.#facts = older.#facts
    }
    this.#firstSeq = older.#firstSeq
    this.#replace()
  }

  /** Takes the facts alone from events that are far before what is shown: commands and models are told once, at the start. */
  learn(envelopes: readonly Envelope[]): void {
    const older = new Transcript()
    older.append(envelopes)
    const { commands, models, mode } = older.#facts
    this.#own()
    this.#facts = { ...(commands && { commands }), ...(models && { models }), ...(mode && { mode }), ...this.#facts }
  }

  #own(): void {
    if (this.#shared) this.#items = [...this.#items]
    this.#shared = false
    this.#view = undefined
  }

  #replace(): void {
    this.#places = new Map(this.#items.map((item, index) => [item.key, index]))
  }

  /** false when it is about an item that is not here. */
  #reduce(envelope: Envelope): boolean {
    const { event } = envelope
    switch (event.type) {
      case 'user_message': {
        if (event.state === 'cancelled') return true
        const item = itemFor(envelope)
        if (item?.type !== 'prompt') return true
        if (event.state === 'queued' || this.#waiting.has(event.messageId)) this.#waiting.set(event.messageId, item)
        else this.#put(item, undefined)
        return true
      }
      case 'user_message_update': {
        const waiting = this.#waiting.get(event.messageId)
        if (!waiting) return this.#places.has(`prompt ${event.messageId}`)
        if (event.state === 'queued') return true
        this.#waiting.delete(event.messageId)
        if (event.state !== 'cancelled')
          this.#put({ ...waiting, seq: envelope.seq, at: envelope.at, turnId: envelope.turnId }, undefined)
        return true
      }
      case 'turn_started':
        this.#facts = { ...this.#facts, working: true, workingSince: envelope.at }
        break
      case 'turn_ended':
        this.#settle(false)
        this.#ends.turn = true
        this.#asking.clear()
        this.#facts = { ...this.#facts, working: false, waiting: false }
        break
      case 'permission_request':
      case 'elicitation_request':
        this.#asking.add(event.requestId)
        this.#facts = { ...this.#facts, waiting: true }
        break
      case 'permission_resolved':
      case 'elicitation_resolved':
        this.#asking.delete(event.requestId)
        this.#facts = { ...this.#facts, waiting: this.#asking.size > 0 }
        break
      case 'agent_process':
        if (event.state === 'exited' || event.state === 'lost') {
          this.#settle(true)
          this.#ends.process = true
        }
        break
      case 'available_commands_update':
        this.#facts = { ...this.#facts, commands: event.commands }
        return true
      case 'session_info_update':
        if (event.models) this.#facts = { ...this.#facts, models: event.models }
        return true
      case 'current_mode_update':
        this.#facts = { ...this.#facts, mode: event.modeId }
        return true
      case 'usage_update':
        this.#facts = {
          ...this.#facts,
          usage: {
            ...this.#facts.usage,
            ...(event.used === undefined ? {} : { used: event.used }),
            ...(event.size === undefined ? {} : { size: event.size }),
            ...(event.cost === undefined ? {} : { cost: event.cost.amount }),
          },
        }
        return true
      case 'rate_limit': {
        const { type: _, ...rateLimit } = event
        this.#facts = { ...this.#facts, rateLimit }
        return true
      }
      case 'agent_message':
        for (const id of event.supersedes ?? []) {
          this.#superseded.add(`message ${id}`)
          this.#remove(`message ${id}`)
        }
        break
    }
    return this.#place(envelope)
  }

  #place(envelope: Envelope): boolean {
    const change = updated(envelope)
    if (change && this.#places.has(change.key)) {
      this.#update(change.key, change.update)
      return true
    }
    const parent = envelope.parentToolCallId === undefined ? undefined : `tool ${envelope.parentToolCallId}`
    const child = change && this.#parents.has(change.key)
    if (change && child) {
      this.#update(change.key, change.update)
      return true
    }
    const item = itemFor(envelope)
    if (!item) return change === undefined
    if (parent !== undefined && !this.#knows(parent)) return false
    this.#put(item, parent)
    return true
  }

  #knows(key: string): boolean {
    return this.#places.has(key) || this.#parents.has(key)
  }

  #put(item: Item, parent: string | undefined): void {
    if (this.#knows(item.key)) {
      this.#update(item.key, (before) => ({ ...item, seq: before.seq, at: before.at }) as Item)
    } else if (parent === undefined) {
      this.#places.set(item.key, this.#items.length)
      this.#items.push(item)
    } else {
      this.#parents.set(item.key, parent)
      this.#update(parent, (before) =>
        before.type === 'tool' ? { ...before, children: [...before.children, item] } : before,
      )
    }
  }

  #update(key: string, change: (item: Item) => Item): void {
    const parent = this.#parents.get(key)
    if (parent !== undefined) {
      this.#update(parent, (before) =>
        before.type === 'tool'
          ? { ...before, children: before.children.map((child) => (child.key === key ? change(child) : child)) }
          : before,
      )
      return
    }
    const place = this.#places.get(key)
    const item = place === undefined ? undefined : this.#items[place]
    if (place !== undefined && item) this.#items[place] = change(item)
  }

  #remove(key: string): void {
    if (!this.#places.has(key)) return
    this.#items = this.#items.filter((item) => item.key !== key)
    this.#replace()
  }

  /** What was under way has ended with its turn, or all of it with the process; nothing may seem to work for ever. */
  #settle(all: boolean): void {
    for (let place = this.#items.length - 1; place >= 0; place--) {
      const item = this.#items[place]
      if (!item || (!all && item.type === 'turn_end')) return
      const settled = settle(item, all)
      if (settled !== item) this.#items[place] = settled
      if (all && item.type === 'process') return
    }
  }
}

function settle(item: Item, all: boolean): Item {
  if ((item.type === 'message' || item.type === 'thought') && item.streaming) return { ...item, streaming: false }
  if (item.type === 'agent') return all && item.agent.state === 'running' ? stopped(item) : item
  if (item.type !== 'tool') return item
  const background = item.agent?.state === 'running'
  if (!all && background) return item
  const children = item.children.map((child) => settle(child, all))
  const changed = children.some((child, index) => child !== item.children[index])
  const open = item.status === 'pending' || item.status === 'in_progress'
  if (!changed && !open && !(all && background)) return item
  const next: ToolItem = { ...item, children, ...(open ? { status: 'unfinished' } : {}) }
  return all && background ? stopped(next) : next
}

function stopped<T extends Item & { agent?: unknown }>(item: T): T {
  return { ...item, agent: { ...(item.agent as object), state: 'stopped' } }
}
