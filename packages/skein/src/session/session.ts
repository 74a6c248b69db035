import { randomUUID } from 'node:crypto'
import { uuidFrom } from '@skein/engine'
import { type SkeinApi, SkeinError, type Workspace } from '@skein/protocol'
import { defaultHome } from '../embed/home.ts'
import { shareEmbedded, type Used } from '../embed/shared.ts'
import { checkAgent, checkPlace } from '../run/check.ts'
import { type Cleanup, cleanUp } from '../run/cleanup.ts'
import { couldNotBeMade } from '../run/perform.ts'
import type { TurnResult } from '../run/result.ts'
import { Stop } from '../run/stop.ts'
import { EventQueue, type PromptStream, StartedStream } from '../run/stream.ts'
import { prepareWorkplace, sessionOptions } from '../run/workplace.ts'
import type { Skein } from '../skein.ts'
import { infoOf, type SessionInfo } from './list.ts'
import type { NewSessionOptions, PromptOptions } from './options.ts'
import { awaitAgentGone, awaitReady } from './ready.ts'
import { startTurn } from './turn.ts'

/**
 * A conversation of several prompts, with its workspace. Between prompts it costs nothing: `stop` (and disposing) ends its agent and
 * stops the machine that was made for it; files and conversation stay, and the next prompt goes on from there, in this process or
 * in another. Prompts given at once wait for each other.
 *
 * @example
 * await using session = await createSession({ repositories: '.' })
 * await session.send('Read the code.')
 * const { text } = await session.send('What did you learn?')
 */
export class Session implements AsyncDisposable {
  readonly id: string
  readonly workspaceId: string
  readonly #used: Used
  readonly #running = new Set<Stop>()
  #ended: Promise<void> | undefined

  constructor(used: Used, workspace: Workspace, id: string) {
    this.#used = used
    this.id = id
    this.workspaceId = workspace.id
  }

  /** One prompt of it, to its result. */
  async send(prompt: string, options: PromptOptions = {}): Promise<TurnResult> {
    return this.#start(prompt, options, () => undefined).result
  }

  /** The same, with its events as they come. Leaving the loop interrupts the turn; the session stays. */
  stream(prompt: string, options: PromptOptions = {}): PromptStream<TurnResult> {
    const events = new EventQueue()
    const { stop, result } = this.#start(prompt, options, (event) => events.put(event))
    return new StartedStream(events, result, (why) => stop.now('cancelled', why))
  }

  /** How it is now. */
  async info(): Promise<SessionInfo> {
    const workspace = await this.#api.call('workspaces.get', { workspace: this.workspaceId })
    const session = workspace.sessions.find(({ id }) => id === this.id)
    if (!session) throw new SkeinError('not_found', `there is no session ${this.id} any more`)
    return infoOf(workspace, session)
  }

  /** Ends its agent, and stops the machine that was made for it. A turn that runs is interrupted. */
  async stop(): Promise<void> {
    await this.#interruptAll()
    await this.#api.call('sessions.hibernate', { key: randomUUID(), sessionId: this.id })
    // What its agent said last is read before the machine is out of reach.
    await awaitAgentGone(this.#api, this.workspaceId, this.id)
    const { machineId } = await this.info()
    const machines = await this.#api.call('machines.list', {})
    const machine = machines.find(({ id }) => id === machineId)
    if (machine?.lifetime === 'workspace' && machine.state !== 'stopped')
      await this.#api.call('machines.stop', { key: randomUUID(), machineId })
  }

  /** Removes it: conversation, workspace, and the machine that was made for it. Harmless when it is gone already. */
  async destroy(): Promise<Cleanup> {
    await this.#interruptAll()
    const state = await this.#api.call('workspaces.get', { workspace: this.workspaceId }).then(
      (workspace) => workspace.state,
      (error: unknown) => {
        if (error instanceof SkeinError && error.code === 'not_found') return 'removed' as const
        throw error
      },
    )
    const cleanup: Cleanup =
      state === 'removed' ? { destroyed: true } : await cleanUp(this.#api, randomUUID(), this.workspaceId)
    if (cleanup.destroyed) await this.#leave()
    return cleanup
  }

  /** Stops it, and lets others have it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return this.#ended
    try {
      const { state } = await this.#api.call('workspaces.get', { workspace: this.workspaceId })
      if (state === 'ready') await this.stop()
    } finally {
      await this.#leave()
    }
  }

  get #api(): SkeinApi {
    return this.#used.skein.api
  }

  #start(prompt: string, options: PromptOptions, emit: Parameters<typeof startTurn>[1]['emit']) {
    if (this.#ended)
      throw new SkeinError('conflict', `session ${this.id}: it was disposed`, {
        next: 'Attach to it again: attachSession(id).',
      })
    const started = startTurn(this.#api, { sessionId: this.id, workspaceId: this.workspaceId, prompt, options, emit })
    this.#running.add(started.stop)
    const over = () => void this.#running.delete(started.stop)
    started.result.then(over, over)
    return started
  }

  async #interruptAll(): Promise<void> {
    if (this.#running.size === 0) return
    for (const stop of this.#running) stop.now('cancelled', 'the session was stopped')
    await this.#api.call('sessions.interrupt', { key: randomUUID(), sessionId: this.id, cancelQueued: true })
  }

  #leave(): Promise<void> {
    this.#ended ??= Promise.resolve(this.#used[Symbol.asyncDispose]())
    return this.#ended
  }
}

/** A new session, with its workspace ready. Whatever fails, nothing of it is left. */
export async function createSession(options: NewSessionOptions = {}, skein?: Skein): Promise<Session> {
  checkPlace(options)
  checkAgent(options)
  checkTtl(options.ttl)
  await using undo = new AsyncDisposableStack()
  const stop = undo.use(new Stop({ signal: options.signal }))
  const used = undo.use(await useSkein(skein, options.home ?? defaultHome(), options.signal))
  const { api, parts } = used.skein
  const key = randomUUID()
  const workspaceKey = uuidFrom(key, 'workspace')
  // Should this process die while it is made, nobody could know of it.
  parts.hold(workspaceKey)
  undo.defer(() => parts.release(workspaceKey))
  const place = await prepareWorkplace(api, key, options, stop.signal)
  const session = await sessionOptions(api, options, place.on, stop.signal)
  const workspace = await api.call('workspaces.create', {
    key: workspaceKey,
    ...place,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.ttl !== undefined && options.ttl > 0 ? { ttlMs: options.ttl } : {}),
    session,
  })
  await using rollback = new AsyncDisposableStack()
  rollback.defer(async () => void (await cleanUp(api, key, workspace.id)))
  const ready = await awaitReady(api, workspace, stop.signal)
  if (ready.state !== 'ready') throw couldNotBeMade(ready)
  rollback.move()
  parts.release(workspaceKey)
  undo.move()
  stop[Symbol.dispose]()
  return new Session(used, ready, ready.sessions[0]?.id ?? '')
}

/** The session of an id, which this or another process made. */
export async function attachSession(id: string, where?: Skein | { home: string }): Promise<Session> {
  const skein = where !== undefined && 'api' in where ? where : undefined
  const home = where !== undefined && 'home' in where ? where.home : defaultHome()
  await using undo = new AsyncDisposableStack()
  const used = undo.use(await useSkein(skein, home))
  const { api } = used.skein
  const known = await api.call('sessions.get', { sessionId: id })
  const workspace = await api.call('workspaces.get', { workspace: known.workspaceId })
  if (workspace.state === 'removed' || workspace.state === 'removing')
    throw new SkeinError('not_found', `session ${id}: its workspace was removed`, { next: 'Make another session.' })
  undo.move()
  return new Session(used, workspace, id)
}

async function useSkein(skein: Skein | undefined, home: string, signal?: AbortSignal): Promise<Used> {
  if (skein === undefined) return shareEmbedded(home, signal)
  if (!skein.parts.keeps)
    throw new SkeinError('invalid', 'a session is kept, and this home is a temporary one', {
      next: 'Give a home: embed({ home }), or none at all.',
    })
  return { skein, [Symbol.asyncDispose]: async () => undefined }
}

function checkTtl(ttl: unknown): void {
  if (ttl !== undefined && !(typeof ttl === 'number' && Number.isFinite(ttl)))
    throw new SkeinError('invalid', 'the `ttl` of a session is to be a number of milliseconds')
}
