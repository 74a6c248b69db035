import type { EngineContext } from '../context.ts'
import { serviceProcessId } from './run.ts'
import { serviceKey } from './view.ts'

const EVERY_MS = 3000
/** Less than this is no news, bytes. */
const NEWS = 1024 * 1024

/** How much memory services use, looked at only while somebody follows changes. */
export class Memory implements Disposable {
  readonly rss = new Map<string, number>()
  readonly #context: EngineContext
  readonly #tell: (workspaceId: string, name: string) => Promise<void>
  #timer: Disposable | undefined
  #closed = false

  constructor(context: EngineContext, tell: (workspaceId: string, name: string) => Promise<void>) {
    this.#context = context
    this.#tell = tell
  }

  start(): void {
    if (this.#closed) return
    this.#timer = this.#context.clock.after(EVERY_MS, () => {
      void this.#look()
        .catch((error: unknown) => {
          if (!this.#closed) this.#context.log('debug', 'memory was not looked at', { error: String(error) })
        })
        .finally(() => this.start())
    })
  }

  async #look(): Promise<void> {
    if (this.#context.changes.listeners === 0) return
    const alive = await this.#context.db
      .selectFrom('services')
      .innerJoin('workspaces', 'workspaces.id', 'services.workspace_id')
      .select(['services.name', 'workspace_id', 'machine_id'])
      .where('services.state', 'in', ['starting', 'running', 'unhealthy'])
      .execute()
    for (const machineId of new Set(alive.map(({ machine_id }) => machine_id))) {
      const here = alive.filter(({ machine_id }) => machine_id === machineId)
      const ids = new Map(here.map((one) => [serviceProcessId(one.workspace_id, one.name), one]))
      const runner = await this.#context.machines.runner(machineId)
      for (const { id, rssBytes } of await runner.call('process.resources', { ids: [...ids.keys()] })) {
        const service = ids.get(id)
        if (!service) continue
        const key = serviceKey(service.workspace_id, service.name)
        if (Math.abs((this.rss.get(key) ?? 0) - rssBytes) < NEWS) continue
        this.rss.set(key, rssBytes)
        await this.#tell(service.workspace_id, service.name)
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
  }
}
