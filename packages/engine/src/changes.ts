import type { Ask, Change, Workspace } from '@skein/protocol'
import { AsyncQueue } from './async-queue.ts'
import type { Clock } from './clock.ts'

/** Changes within this time become one. */
const COALESCE_MS = 25

export interface ChangeSources {
  workspace(id: string): Promise<Workspace | undefined>
  ask(id: string): Promise<Ask | undefined>
}

/** Tells whoever listens how workspaces and asks are now, once for each burst of changes. */
export class ChangeHub {
  readonly #clock: Clock
  readonly #listeners = new Set<AsyncQueue<Change>>()
  readonly #workspaces = new Set<string>()
  readonly #asks = new Set<string>()
  #sources: ChangeSources | undefined
  #scheduled = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Where the present state of things is read; set once, when the engine is put together. */
  connect(sources: ChangeSources): void {
    this.#sources = sources
  }

  workspace(id: string): void {
    this.#workspaces.add(id)
    this.#schedule()
  }

  ask(id: string): void {
    this.#asks.add(id)
    this.#schedule()
  }

  notice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void {
    this.#send({ type: 'notice', severity, title, ...(detail === undefined ? {} : { detail }) })
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Listens from this call on; end it with `close`. */
  open(signal: AbortSignal): AsyncQueue<Change> {
    const queue = new AsyncQueue<Change>(2000)
    this.#listeners.add(queue)
    const onAbort = () => this.close(queue)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) queue.close()
    return queue
  }

  close(queue: AsyncQueue<Change>): void {
    this.#listeners.delete(queue)
    queue.close()
  }

  #schedule(): void {
    if (this.#scheduled || this.#listeners.size === 0) {
      if (this.#listeners.size === 0) {
        this.#workspaces.clear()
        this.#asks.clear()
      }
      return
    }
    this.#scheduled = true
    this.#clock.after(COALESCE_MS, () => void this.#flush())
  }

  async #flush(): Promise<void> {
    this.#scheduled = false
    const workspaces = [...this.#workspaces]
    const asks = [...this.#asks]
    this.#workspaces.clear()
    this.#asks.clear()
    if (!this.#sources) return
    for (const id of workspaces) {
      const workspace = await this.#sources.workspace(id)
      this.#send(workspace ? { type: 'workspace', workspace } : { type: 'workspace_gone', workspaceId: id })
    }
    for (const id of asks) {
      const ask = await this.#sources.ask(id)
      if (ask) this.#send({ type: 'ask', ask })
    }
  }

  #send(change: Change): void {
    for (const listener of this.#listeners) listener.push(change)
  }
}
