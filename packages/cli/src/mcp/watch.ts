import type { Server } from '@modelcontextprotocol/server'
import type { SkeinApi, Workspace } from '@skein/protocol'
import type { Caller } from './caller.ts'
import { changedResources } from './resources.ts'

/** Tells a client of changes of resources, from the first time that it wants to know. */
export class ResourceWatch implements Disposable {
  readonly #api: SkeinApi
  readonly #caller: Caller
  readonly #server: Server
  readonly #stop = new AbortController()
  /** What a client of the older protocol asked for; a newer one's requests are sorted out by the SDK. */
  readonly #wanted: Set<string> | undefined
  #running: Promise<void> | undefined

  constructor(api: SkeinApi, caller: Caller, server: Server, wanted: Set<string> | undefined) {
    this.#api = api
    this.#caller = caller
    this.#server = server
    this.#wanted = wanted
  }

  start(): void {
    this.#running ??= this.#watch().catch(() => {
      // The next subscription tries again.
      this.#running = undefined
    })
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  async #watch(): Promise<void> {
    const before = new Map<string, Workspace>()
    // An agent in a workspace is told of nothing but what it may see.
    const seen = (await this.#caller.inside()) ? () => this.#caller.workspaces() : undefined
    let ready = false
    for await (const change of this.#api.subscribe('changes', {}, this.#stop.signal)) {
      if (change.type === 'ready') ready = true
      const isNew = change.type === 'workspace' && !before.has(change.workspace.id)
      const uris = changedResources(change, before)
      if (!ready || uris.length === 0) continue
      if (seen && change.type === 'workspace' && !(await seen()).some(({ id }) => id === change.workspace.id)) continue
      for (const uri of uris) {
        if (!this.#wanted || this.#wanted.has(uri)) await this.#server.sendResourceUpdated({ uri })
      }
      if (isNew || change.type === 'workspace_gone') await this.#server.sendResourceListChanged()
    }
  }
}
