import type { Duplex } from 'node:stream'
import { RunnerClient, type RunnerMethod, type RunnerParams, type RunnerResult } from '@skein/protocol'

/** A greeted runner at the other end of a stream that a machine opened. Its disposal closes the stream only. */
export class RunnerStream implements AsyncDisposable {
  readonly client: RunnerClient
  /** Resolves when the stream has ended, by whomever. */
  readonly closed: Promise<void>

  private constructor(client: RunnerClient, closed: Promise<void>) {
    this.client = client
    this.closed = closed
  }

  static async greet(stream: Duplex): Promise<RunnerStream> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const options = { client: 'test', clientVersion: '1', onClose: () => resolve() }
    return new RunnerStream(await RunnerClient.connect(stream, options), promise)
  }

  get hello(): RunnerResult<'hello'> {
    return this.client.hello
  }

  ask<M extends RunnerMethod>(method: M, params: RunnerParams<M>): Promise<RunnerResult<M>> {
    return this.client.call(method, params)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close()
    await this.closed
  }
}
