import { randomUUID } from 'node:crypto'
import {
  type AgentEventOf,
  type ApiResult,
  type Ask,
  type Envelope,
  isAnswered,
  isQuiet,
  type Session,
  type SkeinApi,
  startTracking,
  type TurnTrack,
  track,
  type Workspace,
  waitFor,
} from '@skein/protocol'
import type { Desk } from '../asks/desk.ts'
import type { Terminal } from '../terminal.ts'
import { LOG_END_MS } from './await-workspace.ts'
import { Inbox } from './inbox.ts'
import { listen, openDesk, type Signal } from './listen.ts'
import { type OutOfReach, outOfReach, reconnecting } from './out-of-reach.ts'
import type { Report } from './report.ts'

/** Time that an interrupted turn has to end before the CLI leaves it alone. */
const GRACE_MS = 20_000
/** An ask is told of twice: as an ask, and as an event; the second one is waited for so long. */
const ASK_EVENT_MS = 1_000
const SETTLE_POLL_MS = 2_000

export interface FollowOptions {
  api: SkeinApi
  terminal: Terminal
  report: Report
  workspace: Workspace
  sessionId: string
  /** Events up to this one are not shown. */
  after?: number
  /** The prompt whose end ends this; absent: the first turn that ends, or that none runs. */
  wait: { prompt: string | undefined } | 'idle'
  /** Who answers asks: the person at this terminal, nobody, or something that is told of each. */
  asks: 'here' | 'nobody' | AskHandler
  timeoutMs?: number
  /** Instead of ending when nothing runs: asks for a further prompt; undefined leaves. */
  compose?: (signal: AbortSignal) => Promise<string | undefined>
}

/** Sees to the answer of an ask by itself. */
export type AskHandler = (ask: Ask, report: Report) => Promise<void>

/** Why following ended. The agent is still at work after `detached`, `terminated` and `ask`. */
export interface FollowEnd {
  how: 'ended' | 'ask' | 'detached' | 'terminated' | 'left' | 'workspace_failed' | 'overtime'
  /** The turn that ended last. */
  turn: AgentEventOf<'turn_ended'> | undefined
  interrupted: boolean
  timedOut: boolean
  session: Session | undefined
  workspace: Workspace
  ask?: Ask
  /** The last event that was shown. */
  seq: number
}

/**
 * Follows a session until what is waited for has ended: shows its events, puts asks to the person, and lets the person
 * interrupt (Ctrl-C) and detach (Ctrl-C again).
 */
export async function follow(options: FollowOptions): Promise<FollowEnd> {
  const inbox = new Inbox<Signal>()
  const stop = new AbortController()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.abort())
  const keyboard = listen(options, inbox, stop.signal, resources)
  const desk = openDesk(options, inbox, keyboard)
  if (desk) resources.defer(() => desk.close())
  return await new Following(options, inbox, desk).run()
}

class Following {
  readonly #options: FollowOptions
  readonly #inbox: Inbox<Signal>
  readonly #desk: Desk | undefined
  #track: TurnTrack
  #workspace: Workspace
  #session: Session | undefined
  #lost: OutOfReach | undefined
  #seq: number
  #live = false
  /** All that the making of the workspace printed has come. */
  #logEnded: boolean
  #logTimer: NodeJS.Timeout | undefined
  #interrupts = 0
  #timedOut = false
  #ask: Ask | undefined
  readonly #handled = new Set<string>()
  #poll: NodeJS.Timeout | undefined
  /** Takes the line for a further prompt away, because something else needs the person. */
  #composer: AbortController | undefined

  constructor(options: FollowOptions, inbox: Inbox<Signal>, desk: Desk | undefined) {
    this.#options = options
    this.#inbox = inbox
    this.#desk = desk
    this.#workspace = options.workspace
    this.#logEnded = options.workspace.state !== 'creating'
    this.#seq = options.after ?? 0
    this.#track = options.wait === 'idle' ? startTracking(undefined, true) : startTracking(options.wait.prompt)
  }

  async run(): Promise<FollowEnd> {
    const { report } = this.#options
    this.#show(this.#options.workspace)
    for await (const signal of this.#inbox) {
      const end = await this.#handle(signal)
      if (end === undefined) continue
      clearTimeout(this.#poll)
      clearTimeout(this.#logTimer)
      report.activity(undefined)
      return this.#end(end)
    }
    throw new Error('an inbox has no end of its own')
  }

  async #handle(signal: Signal): Promise<FollowEnd['how'] | undefined> {
    const { report } = this.#options
    switch (signal.type) {
      case 'event':
        return this.#event(signal.envelope)
      case 'live':
        this.#live = true
        return this.#settled()
      case 'log':
        report.log(signal.step, signal.text)
        return undefined
      case 'log_ended':
        this.#logEnded = true
        return this.#settled()
      case 'change':
        return this.#change(signal.change)
      case 'interrupt':
        return this.#interrupt()
      case 'terminate':
        return 'terminated'
      case 'time_is_up':
        this.#timedOut = true
        report.notice('warning', 'The time is up', 'the turn is interrupted')
        this.#interrupts++
        await this.#sendInterrupt()
        return undefined
      case 'grace_is_up':
        return this.#timedOut ? 'overtime' : undefined
      case 'ask_is_due':
        return this.#ask?.state === 'open' ? 'ask' : undefined
      case 'settle':
        clearTimeout(this.#poll)
        this.#poll = undefined
        return this.#settled()
      case 'compose':
        this.#openComposer()
        return undefined
      case 'composed':
        return this.#composed(signal.text)
    }
  }

  async #event(envelope: Envelope): Promise<FollowEnd['how'] | undefined> {
    this.#options.report.event(envelope)
    this.#track = track(this.#track, envelope)
    if (!envelope.ephemeral) this.#seq = Math.max(this.#seq, envelope.seq)
    this.#say()
    const { type } = envelope.event
    if (type === 'turn_started') this.#composer?.abort()
    if (type === 'permission_request' || type === 'elicitation_request')
      return this.#ask?.state === 'open' ? 'ask' : undefined
    if (type === 'turn_ended' || type === 'user_message_update') return this.#settled()
    return undefined
  }

  async #change(change: ApiResult<'changes'>): Promise<FollowEnd['how'] | undefined> {
    const { report, sessionId } = this.#options
    switch (change.type) {
      case 'workspace':
        if (change.workspace.id !== this.#workspace.id) return undefined
        this.#show(change.workspace)
        return this.#settled()
      case 'workspace_gone':
        return change.workspaceId === this.#workspace.id ? 'ended' : undefined
      case 'ask':
        return change.ask.sessionId === sessionId ? this.#askChanged(change.ask) : undefined
      case 'notice':
        report.notice(change.severity, change.title, change.detail)
        return undefined
      case 'ready':
        return undefined
    }
  }

  #askChanged(ask: Ask): FollowEnd['how'] | undefined {
    const { asks, report } = this.#options
    if (asks === 'here') {
      if (ask.state === 'open') this.#composer?.abort()
      this.#desk?.update(ask)
      return undefined
    }
    if (asks !== 'nobody') {
      if (ask.state === 'open' && !this.#handled.has(ask.id)) {
        this.#handled.add(ask.id)
        asks(ask, report).catch((error: unknown) => this.#inbox.fail(error))
      }
      return undefined
    }
    if (ask.state !== 'open') {
      if (this.#ask?.id === ask.id) this.#ask = undefined
      return undefined
    }
    this.#ask = ask
    if (this.#track.requests.size > 0) return 'ask'
    setTimeout(() => this.#inbox.put({ type: 'ask_is_due' }), ASK_EVENT_MS)
    return undefined
  }

  #show(workspace: Workspace): void {
    this.#workspace = workspace
    this.#session = workspace.sessions.find(({ id }) => id === this.#options.sessionId) ?? this.#session
    const before = this.#lost
    this.#lost = outOfReach(workspace)
    this.#options.report.workspace(workspace)
    if ((before === undefined) !== (this.#lost === undefined))
      this.#options.report.outOfReach(workspace.machine, this.#lost)
    this.#say()
  }

  #say(): void {
    if (this.#interrupts > 0) this.#options.report.activity('Interrupting')
    else if (this.#workspace.state !== 'creating') this.#options.report.activity(this.#activity())
  }

  /** What goes on, for the status line. */
  #activity(): string | undefined {
    if (this.#lost) return reconnecting(this.#workspace.machine, this.#lost)
    if (this.#track.open) return 'Working'
    switch (this.#session?.state) {
      case 'working':
        return this.#track.ended ? 'Waiting for background tasks' : 'Working'
      case 'starting':
      case 'ready':
        return this.#track.ended ? undefined : 'Starting the agent'
      case 'waiting':
        return 'Waiting for an answer'
      default:
        return this.#session?.queued ? 'Starting the agent' : undefined
    }
  }

  /** Has what we wait for ended? Asks the server once the events say that it may be so. */
  async #settled(): Promise<FollowEnd['how'] | undefined> {
    if (this.#workspace.state === 'failed') return this.#logEnded ? 'workspace_failed' : this.#waitForLog()
    if (this.#workspace.state === 'removing' || this.#workspace.state === 'removed') return 'ended'
    if (!this.#live || this.#workspace.state === 'creating') return undefined
    const { api, sessionId, wait, compose } = this.#options
    const gaveUp = this.#session?.state === 'failed' && !this.#track.open
    const waits = wait !== 'idle' || this.#track.messageId !== undefined
    const done = this.#interrupts > 0 || !waits ? isQuiet(this.#track) : isAnswered(this.#track)
    if (!done && !gaveUp) return undefined
    const session = await api.call('sessions.get', { sessionId })
    this.#session = session
    const busy = ['working', 'starting', 'waiting'].includes(session.state) || session.queued > 0
    if (busy || session.seq > this.#seq) {
      this.#lookAgain()
      this.#say()
      return undefined
    }
    if (!compose) return 'ended'
    this.#interrupts = 0
    this.#options.report.activity(undefined)
    this.#openComposer()
    return undefined
  }

  /** What was printed last says why it failed. */
  #waitForLog(): undefined {
    this.#logTimer ??= setTimeout(() => this.#inbox.put({ type: 'log_ended' }), LOG_END_MS)
  }

  async #interrupt(): Promise<FollowEnd['how'] | undefined> {
    const { report, compose } = this.#options
    if (compose && !this.#track.open && !this.#session?.queued) return 'left'
    if (++this.#interrupts > 1) return 'detached'
    report.notice('info', 'Interrupting the turn', 'Ctrl-C again leaves it alone and detaches')
    this.#say()
    await this.#sendInterrupt()
    return this.#settled()
  }

  async #sendInterrupt(): Promise<void> {
    const { api, sessionId } = this.#options
    await api.call('sessions.interrupt', { key: randomUUID(), sessionId, cancelQueued: true })
    setTimeout(() => this.#inbox.put({ type: 'grace_is_up' }), GRACE_MS).unref()
    this.#lookAgain()
  }

  #lookAgain(): void {
    this.#poll ??= setTimeout(() => this.#inbox.put({ type: 'settle' }), SETTLE_POLL_MS)
  }

  /** Enter while a turn runs, or nothing runs: a further prompt. */
  #openComposer(): void {
    const { compose } = this.#options
    if (!compose || !this.#desk || this.#desk.busy) return
    const taken = new AbortController()
    this.#composer = taken
    this.#desk.use(async (closing) => {
      const signal = AbortSignal.any([closing, taken.signal])
      const text = await compose(signal)
      this.#composer = undefined
      if (!signal.aborted) this.#inbox.put({ type: 'composed', text })
    })
  }

  async #composed(text: string | undefined): Promise<FollowEnd['how'] | undefined> {
    const { api, sessionId } = this.#options
    if (text === undefined) return this.#track.open ? undefined : 'left'
    if (text.trim() !== '') {
      const content = [{ type: 'text' as const, text }]
      const { messageId } = await api.call('sessions.prompt', { key: randomUUID(), sessionId, content })
      this.#track = waitFor(this.#track, messageId)
    }
    return this.#settled()
  }

  #end(how: FollowEnd['how']): FollowEnd {
    return {
      how,
      turn: this.#track.ended,
      interrupted: this.#interrupts > 0 && !this.#timedOut,
      timedOut: this.#timedOut,
      session: this.#session,
      workspace: this.#workspace,
      ...(this.#ask ? { ask: this.#ask } : {}),
      seq: this.#seq,
    }
  }
}
