import type { Socket } from 'node:net'
import {
  RpcPeer,
  type RunnerMethod,
  type RunnerNotifications,
  runnerClientNotifications,
  runnerMethods,
  SkeinError,
} from '@skein/protocol'
import * as z from 'zod'
import { TerminalReader } from '../machine/terminals.ts'
import type { ManagedProcess } from '../processes/process.ts'
import { Subscription } from '../processes/subscription.ts'

export interface ConnectionOptions {
  answer(method: RunnerMethod, params: unknown, connection: Connection): Promise<unknown>
  onClose(connection: Connection): void
  log(message: string): void
}

/** One client: its requests, and what it follows. All of it ends with its stream. */
export class Connection {
  readonly #peer: RpcPeer
  readonly #options: ConnectionOptions
  readonly #subscriptions = new Map<number, Subscription>()
  readonly #terminals = new Map<number, { stop: AbortController; reader: TerminalReader }>()

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#options = options
    // Each subscription waits for the stream to drain on its own.
    socket.setMaxListeners(0)
    this.#peer = new RpcPeer(socket, {
      onRequest: (method, params) => this.#answer(method, params),
      onNotification: (name, params) => this.#receive(name, params),
      onClose: () => this.#ended(),
    })
  }

  notify = async <N extends keyof RunnerNotifications>(name: N, params: RunnerNotifications[N]): Promise<void> => {
    await this.#peer.notify(name, params)
  }

  subscribe(
    sub: number,
    process: ManagedProcess,
    from: ConstructorParameters<typeof Subscription>[2],
    quiet?: boolean,
  ): void {
    this.unsubscribe(sub)
    const subscription = new Subscription(sub, process, from, this.notify, quiet)
    this.#subscriptions.set(sub, subscription)
    // After the answer, which the client may want to see first.
    setImmediate(
      () => void subscription.run().catch((error: unknown) => this.#failed(`following ${process.id}`, error)),
    )
  }

  unsubscribe(sub: number): void {
    this.#subscriptions.get(sub)?.close()
    this.#subscriptions.delete(sub)
  }

  /** Follows a terminal until it ends, the client says otherwise, or the stream ends. */
  follow(sub: number, quiet: boolean, run: (reader: TerminalReader, signal: AbortSignal) => Promise<void>): void {
    this.unfollow(sub)
    const stop = new AbortController()
    const reader = new TerminalReader(quiet)
    this.#terminals.set(sub, { stop, reader })
    setImmediate(
      () => void run(reader, stop.signal).catch((error: unknown) => this.#failed('following a terminal', error)),
    )
  }

  unfollow(sub: number): void {
    this.#terminals.get(sub)?.stop.abort()
    this.#terminals.delete(sub)
  }

  close(): void {
    this.#peer.close()
  }

  async #answer(name: string, params: unknown): Promise<unknown> {
    const method = Object.hasOwn(runnerMethods, name) ? (name as RunnerMethod) : undefined
    if (!method) {
      throw new SkeinError('invalid', `this runner knows no ${name}`, { next: 'Upgrade the runner.' })
    }
    const parsed = runnerMethods[method].params.safeParse(params)
    if (!parsed.success) throw new SkeinError('invalid', `${method}: ${z.prettifyError(parsed.error)}`)
    return await this.#options.answer(method, parsed.data, this)
  }

  #receive(name: string, params: unknown): void {
    if (name === 'process.credit') {
      const credit = runnerClientNotifications['process.credit'].safeParse(params)
      if (credit.success) this.#subscriptions.get(credit.data.sub)?.credit(credit.data.epoch, credit.data.to)
    } else if (name === 'pty.credit') {
      const credit = runnerClientNotifications['pty.credit'].safeParse(params)
      if (credit.success) this.#terminals.get(credit.data.sub)?.reader.credit(credit.data.chars)
    }
  }

  /** A reader that cannot be served must not wait for ever: it connects again, with its cursor. */
  #failed(doing: string, error: unknown): void {
    if (this.#peer.closed) return
    this.#options.log(`${doing}: ${String(error)}`)
    this.#peer.close()
  }

  #ended(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close()
    for (const { stop } of this.#terminals.values()) stop.abort()
    this.#options.onClose(this)
  }
}
