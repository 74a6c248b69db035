import type { Ask, Change, MachineInfo, Project, QueuedPrompt, Workspace } from '@skein/protocol'
import { AsyncQueue } from './async-queue.ts'
import type { Clock } from './clock.ts'

/** Changes within this time become one. */
const COALESCE_MS = 25

/** How things are at the moment; undefined for what has gone. */
export interface ChangeSources {
  workspace(id: string): Promise<Workspace | undefined>
  ask(id: string): Promise<Ask | undefined>
  project(id: string): Promise<Project | undefined>
  machine(id: string): Promise<MachineInfo | undefined>
  queue(sessionId: string): Promise<QueuedPrompt[]>
}

/** Tells whoever listens how things are now, once for each burst of changes. */
export class ChangeHub {
  readonly #clock: Clock
  readonly #listeners = new Set<AsyncQueue<Change>>()
  readonly #workspaces = new Set<string>()
  readonly #asks = new Set<string>()
  readonly #projects = new Set<string>()
  readonly #machines = new Set<string>()
  readonly #queues = new Set<string>()
  /** Session → workspace. */
  readonly #comments = new Map<string, string>()
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

  project(id: string): void {
    this.#projects.add(id)
    this.#schedule()
  }

  /** A machine, or the link to it. */
  machine(id: string): void {
    this.#machines.add(id)
    this.#schedule()
  }

  /** The prompts that wait in a session. */
  queue(sessionId: string): void {
    this.#queues.add(sessionId)
    this.#schedule()
  }

  comments(workspaceId: string, sessionId: string): void {
    this.#comments.set(sessionId, workspaceId)
    this.#schedule()
  }

  notice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void {
    this.send({ type: 'notice', severity, title, ...(detail === undefined ? {} : { detail }) })
  }

  /** To all who listen now, as it is. */
  send(change: Change): void {
    for (const listener of this.#listeners) listener.push(change)
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
    if (this.#listeners.size === 0) {
      for (const set of [this.#workspaces, this.#asks, this.#projects, this.#machines, this.#queues, this.#comments])
        set.clear()
      return
    }
    if (this.#scheduled) return
    this.#scheduled = true
    // What cannot be read any more is not told any more: the engine is closing.
    this.#clock.after(COALESCE_MS, () => void this.#flush().catch(() => undefined))
  }

  async #flush(): Promise<void> {
    this.#scheduled = false
    const sources = this.#sources
    const [workspaces, asks, projects, machines, queues] = [
      this.#workspaces,
      this.#asks,
      this.#projects,
      this.#machines,
      this.#queues,
    ].map(taken)
    const comments = [...this.#comments]
    this.#comments.clear()
    if (!sources) return
    for (const id of projects ?? []) {
      const project = await sources.project(id)
      this.send(project ? { type: 'project', project } : { type: 'project_gone', projectId: id })
    }
    for (const id of machines ?? []) {
      const machine = await sources.machine(id)
      this.send(machine ? { type: 'machine', machine } : { type: 'machine_gone', machineId: id })
    }
    for (const id of workspaces ?? []) {
      const workspace = await sources.workspace(id)
      this.send(workspace ? { type: 'workspace', workspace } : { type: 'workspace_gone', workspaceId: id })
    }
    for (const id of asks ?? []) {
      const ask = await sources.ask(id)
      if (ask) this.send({ type: 'ask', ask })
    }
    for (const sessionId of queues ?? [])
      this.send({ type: 'queue', sessionId, prompts: await sources.queue(sessionId) })
    for (const [sessionId, workspaceId] of comments) this.send({ type: 'comments', workspaceId, sessionId })
  }
}

function taken(set: Set<string>): string[] {
  const all = [...set]
  set.clear()
  return all
}
