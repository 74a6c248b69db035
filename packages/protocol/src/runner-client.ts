import type { Duplex } from 'node:stream'
import { SkeinError } from './errors.ts'
import { RpcPeer } from './peer.ts'
import {
  type CredentialWanted,
  RUNNER_PROTOCOL,
  type RunnerMethod,
  type RunnerNotifications,
  type RunnerParams,
  type RunnerResult,
  runnerMethods,
} from './runner.ts'

export interface SubscriptionHandlers {
  /** Called one after the other; the next part is not taken from the stream before the promise settles. */
  data(part: RunnerNotifications['process.data']): void | Promise<void>
  exit(part: RunnerNotifications['process.exit']): void
  gap(part: RunnerNotifications['process.gap']): void
  epoch?(part: RunnerNotifications['process.epoch']): void
}

export interface TerminalHandlers {
  /** Called one after the other; the next part is not taken before the promise settles. `reset`: it begins the screen anew. */
  data(data: string, reset: boolean): void | Promise<void>
  exit(code: number | null): void
}

export interface RunnerClientOptions {
  client: string
  clientVersion: string
  onNotice?(notice: RunnerNotifications['runner.notice']): void
  /** Asked only after `credential.offer`. Nothing: none are known. */
  onCredential?(wanted: CredentialWanted): Promise<{ username?: string; password?: string }>
  onClose?(error: Error | undefined): void
}

/** The engine's end of one stream to a runner. */
export class RunnerClient {
  readonly #peer: RpcPeer
  readonly #subscriptions = new Map<number, { handlers: SubscriptionHandlers; queue: Promise<void> }>()
  readonly #terminals = new Map<number, { handlers: TerminalHandlers; queue: Promise<void> }>()
  #nextSub = 1
  #hello: RunnerResult<'hello'> | undefined

  private constructor(stream: Duplex, options: RunnerClientOptions) {
    this.#peer = new RpcPeer(stream, {
      onNotification: (name, params) => this.#receive(name, params, options),
      onClose: (error) => options.onClose?.(error),
    })
  }

  /** Greets the runner at the other end of the stream. */
  static async connect(stream: Duplex, options: RunnerClientOptions, signal?: AbortSignal): Promise<RunnerClient> {
    const client = new RunnerClient(stream, options)
    try {
      client.#hello = await client.call(
        'hello',
        { protocol: [RUNNER_PROTOCOL], client: options.client, clientVersion: options.clientVersion },
        signal,
      )
    } catch (error) {
      client.close()
      throw error
    }
    return client
  }

  get hello(): RunnerResult<'hello'> {
    if (!this.#hello) throw new SkeinError('internal', 'the runner was not greeted')
    return this.#hello
  }

  get closed(): boolean {
    return this.#peer.closed
  }

  async call<M extends RunnerMethod>(
    method: M,
    params: RunnerParams<M>,
    signal?: AbortSignal,
  ): Promise<RunnerResult<M>> {
    const result = await this.#peer.request(method, params, signal)
    return runnerMethods[method].result.parse(result) as RunnerResult<M>
  }

  /** Follows a process's output. Await `unsubscribe` to stop. */
  async subscribe(
    params: Omit<RunnerParams<'process.subscribe'>, 'sub'>,
    handlers: SubscriptionHandlers,
  ): Promise<{ unsubscribe(): Promise<void> }> {
    const sub = this.#nextSub++
    this.#subscriptions.set(sub, { handlers, queue: Promise.resolve() })
    try {
      await this.call('process.subscribe', { sub, ...params })
    } catch (error) {
      this.#subscriptions.delete(sub)
      throw error
    }
    return {
      unsubscribe: async () => {
        this.#subscriptions.delete(sub)
        if (!this.closed) await this.call('process.unsubscribe', { sub })
      },
    }
  }

  /** Shows a terminal's output, from what its ring buffer holds on; with `quiet` only its end. */
  async attachTerminal(
    id: string,
    handlers: TerminalHandlers,
    options: { quiet?: boolean } = {},
  ): Promise<{ detach(): Promise<void> }> {
    const sub = this.#nextSub++
    this.#terminals.set(sub, { handlers, queue: Promise.resolve() })
    try {
      await this.call('pty.attach', { sub, id, ...options })
    } catch (error) {
      this.#terminals.delete(sub)
      throw error
    }
    return {
      detach: async () => {
        this.#terminals.delete(sub)
        if (!this.closed) await this.call('pty.detach', { sub })
      },
    }
  }

  close(): void {
    this.#peer.close()
  }

  /** After all data of the subscription that came before. */
  #inOrder(sub: number, deliver: (handlers: SubscriptionHandlers) => void): void {
    const subscription = this.#subscriptions.get(sub)
    if (subscription) subscription.queue = subscription.queue.then(() => deliver(subscription.handlers))
  }

  #receive(name: string, params: unknown, options: RunnerClientOptions): void {
    switch (name) {
      case 'process.data': {
        const part = params as RunnerNotifications['process.data']
        const subscription = this.#subscriptions.get(part.sub)
        if (!subscription) break
        // One part after the other. The runner reads on from the disk only as we give credit for what is consumed.
        subscription.queue = subscription.queue
          .then(async () => {
            await subscription.handlers.data(part)
            if (!this.closed)
              await this.#peer.notify('process.credit', { sub: part.sub, epoch: part.epoch, to: part.to })
          })
          .catch((error: unknown) => this.#peer.close(error instanceof Error ? error : new Error(String(error))))
        break
      }
      case 'process.exit': {
        const part = params as RunnerNotifications['process.exit']
        this.#inOrder(part.sub, (handlers) => handlers.exit(part))
        break
      }
      case 'process.gap': {
        const part = params as RunnerNotifications['process.gap']
        this.#inOrder(part.sub, (handlers) => handlers.gap(part))
        break
      }
      case 'process.epoch': {
        const part = params as RunnerNotifications['process.epoch']
        this.#inOrder(part.sub, (handlers) => handlers.epoch?.(part))
        break
      }
      case 'pty.data': {
        const { sub, data, reset } = params as RunnerNotifications['pty.data']
        const terminal = this.#terminals.get(sub)
        if (!terminal) break
        terminal.queue = terminal.queue
          .then(async () => {
            await terminal.handlers.data(data, reset ?? false)
            if (!this.closed) await this.#peer.notify('pty.credit', { sub, chars: data.length })
          })
          .catch((error: unknown) => this.#peer.close(error instanceof Error ? error : new Error(String(error))))
        break
      }
      case 'pty.exit': {
        const { sub, code } = params as RunnerNotifications['pty.exit']
        const terminal = this.#terminals.get(sub)
        if (terminal) terminal.queue = terminal.queue.then(() => terminal.handlers.exit(code))
        break
      }
      case 'credential.wanted': {
        const { id, ...wanted } = params as RunnerNotifications['credential.wanted']
        void (options.onCredential?.(wanted) ?? Promise.resolve({}))
          .catch(() => ({}))
          .then((answer) => this.call('credential.answer', { id, ...answer }))
          .catch(() => undefined)
        break
      }
      case 'runner.notice':
        options.onNotice?.(params as RunnerNotifications['runner.notice'])
        break
    }
  }
}
