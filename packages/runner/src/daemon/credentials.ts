import { randomUUID } from 'node:crypto'
import type { RunnerParams, RunnerResult } from '@skein/protocol'
import { replaceFile } from '../system/durable.ts'
import type { Connection } from './connection.ts'

/** A person may have to be asked by a helper of theirs. */
const PATIENCE_MS = 90_000

/**
 * Credentials for git on this machine come from whoever is connected and offers them. They pass through and are kept nowhere, and
 * nobody is asked who did not offer.
 */
export class Credentials {
  readonly #offering = new Set<Connection>()
  readonly #waiting = new Map<string, (answer: RunnerResult<'credential.get'>) => void>()

  offer(connection: Connection): void {
    this.#offering.add(connection)
  }

  gone(connection: Connection): void {
    this.#offering.delete(connection)
  }

  /** Nothing where nobody offers, knows or answers: git then says that it has no credentials. */
  async get(wanted: RunnerParams<'credential.get'>): Promise<RunnerResult<'credential.get'>> {
    // The newest connection is the likeliest to be alive.
    const connection = [...this.#offering].at(-1)
    if (!connection) return {}
    const id = randomUUID()
    const { promise, resolve } = Promise.withResolvers<RunnerResult<'credential.get'>>()
    this.#waiting.set(id, resolve)
    const timer = setTimeout(() => resolve({}), PATIENCE_MS)
    try {
      await connection.notify('credential.wanted', { id, ...wanted })
      return await promise
    } catch {
      return {}
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  answer({ id, ...answer }: RunnerParams<'credential.answer'>): void {
    this.#waiting.get(id)?.(answer)
  }
}

/** Git's helper on this machine: a name that stays while versions of the runner come and go. */
export function writeCredentialHelper(path: string, command: readonly string[]): void {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  replaceFile(path, `#!/bin/sh\nexec ${quoted} "$@"\n`, 0o700)
}
