import { randomUUID } from 'node:crypto'
import {
  type AgentEventOf,
  type Ask,
  type AskAnswer,
  type Change,
  type Envelope,
  isAnswered,
  isQuiet,
  type Session,
  type SkeinApi,
  SkeinError,
  startTracking,
  type TurnTrack,
  track,
  type Workspace,
} from '@skein/protocol'
import type { AskCallback } from './options.ts'
import type { RunEvent } from './result.ts'
import { Signals } from './signals.ts'
import type { Stop } from './stop.ts'

/** How long an agent that was told to end its turn may take to say so. */
const INTERRUPT_MS = 1500
const LOOK_AGAIN_MS = 1000
const NOBODY = 'Nobody is here to answer. Go on without it if you can; else end your turn and say what you would need.'

export interface FollowOptions {
  api: SkeinApi
  workspace: Workspace
  sessionId: string
  /** Events up to this one are another turn's. */
  after: number
  /** The prompt whose end is waited for; absent: the session's first. */
  messageId?: string
  stop: Stop
  onAsk: AskCallback | undefined
  emit(event: RunEvent): void
}

export interface TurnEnd {
  /** Absent: it never came to an end, or never began. */
  turn: AgentEventOf<'turn_ended'> | undefined
  session: Session | undefined
  workspace: Workspace
  transcript: Envelope[]
  preparedAt: number | undefined
}

type Signal =
  | { type: 'change'; change: Change }
  | { type: 'event'; envelope: Envelope }
  | { type: 'live' }
  | { type: 'log'; step: string; text: string }
  | { type: 'stop' }
  | { type: 'give_up' }
  | { type: 'look' }

/** Follows a session until one prompt has been dealt with, the workspace cannot be made, or it is told to stop. */
export async function followTurn(options: FollowOptions): Promise<TurnEnd> {
  await using resources = new AsyncDisposableStack()
  const signals = listen(options, resources)
  const turn = new FollowedTurn(options, signals)
  resources.defer(() => turn[Symbol.dispose]())
  for await (const signal of signals) if (await turn.handle(signal)) break
  return turn.end()
}

function listen(
  { api, workspace, sessionId, after, stop }: FollowOptions,
  resources: AsyncDisposableStack,
): Signals<Signal> {
  const signals = new Signals<Signal>()
  const closing = new AbortController()
  resources.defer(() => closing.abort())
  const workspaceId = workspace.id
  const changes = api.subscribe('changes', { workspaceId }, closing.signal)
  signals.drain(changes, (change) => ({ type: 'change', change }), closing.signal)
  const events = api.subscribe('sessions.follow', { sessionId, after }, closing.signal)
  signals.drain(
    events,
    (item) => (item.type === 'live' ? { type: 'live' } : { type: 'event', envelope: item.envelope }),
    closing.signal,
  )
  if (workspace.state === 'creating') {
    const log = api.subscribe('workspaces.log', { workspaceId }, closing.signal)
    signals.drain(log, (part) => ({ type: 'log', ...part }), closing.signal)
  }
  const onStop = () => signals.put({ type: 'stop' })
  if (stop.signal.aborted) onStop()
  stop.signal.addEventListener('abort', onStop, { once: true })
  resources.defer(() => stop.signal.removeEventListener('abort', onStop))
  return signals
}

class FollowedTurn implements Disposable {
  readonly #options: FollowOptions
  readonly #signals: Signals<Signal>
  readonly #transcript: Envelope[] = []
  readonly #answered = new Set<string>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #track: TurnTrack
  #workspace: Workspace
  #session: Session | undefined
  #live = false
  #seq: number
  #preparedAt: number | undefined
  /** How our prompt's turn ended, where others may follow it. */
  #mine: AgentEventOf<'turn_ended'> | undefined
  #stopped = false
  #looking = false

  constructor(options: FollowOptions, signals: Signals<Signal>) {
    this.#options = options
    this.#signals = signals
    this.#workspace = options.workspace
    this.#seq = options.after
    this.#track = startTracking(options.messageId)
    this.#show(options.workspace)
  }

  /** Answers whether that was all. */
  async handle(signal: Signal): Promise<boolean> {
    const { emit, stop } = this.#options
    switch (signal.type) {
      case 'event':
        stop.heard()
        if (signal.envelope.event.type === 'turn_started') stop.begin()
        return this.#event(signal.envelope)
      case 'live':
        this.#live = true
        return this.#settled()
      case 'log':
        emit({ type: 'preparing', step: signal.step, text: signal.text })
        return false
      case 'change':
        return this.#change(signal.change)
      case 'stop':
        return this.#interrupt()
      case 'give_up':
        return true
      case 'look':
        this.#looking = false
        return this.#settled()
    }
  }

  #event(envelope: Envelope): Promise<boolean> | boolean {
    this.#options.emit(envelope.event)
    this.#track = track(this.#track, envelope)
    if (envelope.ephemeral) return false
    this.#seq = Math.max(this.#seq, envelope.seq)
    this.#transcript.push(envelope)
    const { type } = envelope.event
    // One that was lost is taken up again, by another turn.
    if (this.#options.messageId !== undefined && this.#track.ended && this.#track.ended.stopReason !== 'process_lost') {
      this.#mine = this.#track.ended
      return true
    }
    return type === 'turn_ended' || type === 'user_message_update' || type === 'agent_process' ? this.#settled() : false
  }

  #change(change: Change): Promise<boolean> | boolean {
    switch (change.type) {
      case 'workspace':
        if (change.workspace.id !== this.#workspace.id) return false
        this.#show(change.workspace)
        return this.#settled()
      case 'workspace_gone':
        return change.workspaceId === this.#workspace.id
      case 'ask':
        if (change.ask.sessionId === this.#options.sessionId) this.#ask(change.ask)
        return false
      default:
        return false
    }
  }

  #show(workspace: Workspace): void {
    const { sessionId, emit } = this.#options
    for (const step of workspace.steps) {
      const before = this.#workspace.steps.find(({ name }) => name === step.name)
      if (step.state !== 'running' || before?.state === 'running') continue
      emit({ type: 'preparing', step: step.name, text: '' })
    }
    this.#workspace = workspace
    this.#session = workspace.sessions.find(({ id }) => id === sessionId) ?? this.#session
    if (workspace.state !== 'ready' || this.#preparedAt !== undefined) return
    this.#preparedAt = Date.now()
    emit({ type: 'prepared', machineId: workspace.machine, workspaceId: workspace.id, sessionId })
  }

  #ask(ask: Ask): void {
    if (ask.state !== 'open' || this.#answered.has(ask.id)) return
    this.#answered.add(ask.id)
    this.#answer(ask).catch((error: unknown) => this.#signals.fail(error))
  }

  async #answer(ask: Ask): Promise<void> {
    const { api, onAsk } = this.#options
    const answer: AskAnswer = (await onAsk?.(ask)) ?? { type: 'deny', feedback: NOBODY }
    await api
      .call('asks.answer', { key: randomUUID(), askId: ask.id, inputHash: ask.inputHash, answer, by: 'library' })
      .catch((error: unknown) => {
        // It was withdrawn meanwhile, or answered by somebody else.
        if (!(error instanceof SkeinError && error.code === 'conflict')) throw error
      })
  }

  /** Has the prompt been dealt with? The session is asked once the events say that it may be so. */
  async #settled(): Promise<boolean> {
    if (this.#workspace.state === 'failed') return true
    if (!this.#live || this.#workspace.state === 'creating') return false
    const gone = this.#workspace.state === 'removing' || this.#workspace.state === 'removed'
    const gaveUp = this.#session?.state === 'failed' && !this.#track.open
    const done = this.#stopped ? isQuiet(this.#track) : isAnswered(this.#track)
    if (!done && !gaveUp && !gone) return false
    const { api, sessionId } = this.#options
    this.#session = await api.call('sessions.get', { sessionId })
    // What the session says may be newer than what was heard so far.
    const behind = this.#session.seq > this.#seq
    const busy = ['working', 'starting', 'waiting'].includes(this.#session.state) || this.#session.queued > 0
    if (!behind && (!busy || gone)) return true
    this.#look(LOOK_AGAIN_MS, { type: 'look' })
    return false
  }

  /** An agent that says how far it got is worth a moment. */
  async #interrupt(): Promise<boolean> {
    const { api, sessionId } = this.#options
    if (this.#stopped || this.#workspace.state !== 'ready') return true
    this.#stopped = true
    const timer = setTimeout(() => this.#signals.put({ type: 'give_up' }), INTERRUPT_MS)
    this.#timers.add(timer)
    if (await this.#withdrawn()) return true
    const { interrupted } = await api.call('sessions.interrupt', {
      key: randomUUID(),
      sessionId,
      cancelQueued: this.#options.messageId === undefined,
    })
    return interrupted ? this.#settled() : true
  }

  /** A prompt that still waits for another's turn is taken back, and that turn is left alone. */
  async #withdrawn(): Promise<boolean> {
    const { api, sessionId, messageId } = this.#options
    if (messageId === undefined) return false
    const { cancelled } = await api.call('sessions.cancelPrompt', { key: randomUUID(), sessionId, messageId })
    return cancelled
  }

  #look(ms: number, signal: Signal): void {
    if (this.#looking) return
    this.#looking = true
    this.#timers.add(setTimeout(() => this.#signals.put(signal), ms))
  }

  end(): TurnEnd {
    return {
      turn: this.#mine ?? this.#track.ended,
      session: this.#session,
      workspace: this.#workspace,
      transcript: this.#transcript,
      preparedAt: this.#preparedAt,
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
