import type { SkeinApi } from '@skein/protocol'
import type { RunOptions } from './run/options.ts'
import type { RunResult } from './run/result.ts'
import { run } from './run/run.ts'
import { type RunStream, stream } from './run/stream.ts'
import { listSessions, type SessionInfo } from './session/list.ts'
import type { NewSessionOptions } from './session/options.ts'
import { attachSession, createSession, type Session } from './session/session.ts'

/** What is special about where a `Skein` works. */
export interface SkeinParts {
  /** What is kept can be found again. */
  readonly keeps: boolean
  /** From here on the workspace that is made under this key must not outlive this process. */
  hold(key: string): void
  release(key: string): void
  /** Absent: whoever has the engine does it by itself. */
  reap?(): Promise<void>
  close(): PromiseLike<void>
}

/** Runs and sessions on one engine: an embedded one (`embed`), or a server's (`connect`). */
export class Skein implements AsyncDisposable {
  /** Everything that Skein can do. */
  readonly api: SkeinApi
  readonly parts: SkeinParts
  #closing: Promise<void> | undefined

  constructor(api: SkeinApi, parts: SkeinParts) {
    this.api = api
    this.parts = parts
  }

  /** One prompt, to its result. */
  run(options: RunOptions): Promise<RunResult> {
    return run(options, this)
  }

  /** One prompt, with its events as they come. */
  stream(options: RunOptions): RunStream {
    return stream(options, this)
  }

  /** A conversation of several prompts, with its files. */
  createSession(options: NewSessionOptions = {}): Promise<Session> {
    return createSession(options, this)
  }

  /** The session of an id, also of another process. */
  attachSession(id: string): Promise<Session> {
    return attachSession(id, this)
  }

  listSessions(): Promise<SessionInfo[]> {
    return listSessions(this)
  }

  /**
   * Ends what belongs to nothing (machines, processes and work trees of ours that no run and no session knows), and sessions that were
   * not used for longer than their `ttl`. It is done every hour anyway.
   */
  async reap(): Promise<void> {
    await this.parts.reap?.()
  }

  /** Ends it; a second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= Promise.resolve(this.parts.close())
    await this.#closing
  }
}
