import { type ApiMethod, SkeinError } from '@skein/protocol'
import { wait } from './clock.ts'
import type { EngineContext } from './context.ts'
import { hashOf } from './identity.ts'

const KEEP_MS = 7 * 86_400_000
const ATTEMPTS = 5
const PAUSE_MS = 50

/**
 * Makes commands idempotent by the caller's key: a repeated one gets the first answer, also while the first is still at work, also
 * after a restart. One that failed may be tried again.
 */
export class Commands {
  readonly #context: EngineContext
  readonly #running = new Map<string, { hash: string; result: Promise<unknown> }>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  async once<T>(method: ApiMethod, params: { key: string }, work: () => Promise<T>): Promise<T> {
    const { key, ...rest } = params
    // What is sensitive or merely repeated (a fresh environment) does not make it another command.
    const hash = hashOf({ method, params: { ...rest, environment: undefined, session: undefined } })
    const stored = await this.#context.db.selectFrom('commands').selectAll().where('key', '=', key).executeTakeFirst()
    const before = stored ? { hash: stored.params_hash } : this.#running.get(key)
    if (before && before.hash !== hash) {
      throw new SkeinError('conflict', `${method}: the key ${key} was used for another command`, {
        next: 'Use a new key for a new command.',
      })
    }
    if (stored) return JSON.parse(stored.result) as T
    const running = this.#running.get(key)
    if (running) return running.result as Promise<T>
    const result = this.#carryOut(method, key, hash, work)
    this.#running.set(key, { hash, result })
    try {
      return await result
    } finally {
      this.#running.delete(key)
    }
  }

  async #carryOut<T>(method: ApiMethod, key: string, hash: string, work: () => Promise<T>): Promise<T> {
    const result = await this.#patiently(method, work)
    const text = JSON.stringify(this.#context.redactor.redactValue(result ?? null))
    await this.#context.db
      .insertInto('commands')
      .values({ key, method, params_hash: hash, result: text, at: this.#context.clock.now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return result
  }

  /** A runner that died is back in a moment, and every command may be carried out again from its beginning. */
  async #patiently<T>(method: ApiMethod, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        const lost = error instanceof SkeinError && error.code === 'unavailable'
        if (!lost || attempt === ATTEMPTS) throw error
        this.#context.log('info', 'a command lost its machine and is carried out again', { method, attempt })
        await wait(this.#context.clock, PAUSE_MS * 2 ** attempt, this.#context.signal)
      }
    }
  }

  /** Forgets answers that nobody will ask for again. */
  async forgetOld(): Promise<void> {
    await this.#context.db
      .deleteFrom('commands')
      .where('at', '<', this.#context.clock.now() - KEEP_MS)
      .execute()
  }
}
