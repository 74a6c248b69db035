import { type LogPart, type ProcessExit, type Service, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { outputOf } from '../machines/process-output.ts'
import { ownerOfPort } from '../ports/port-owners.ts'
import { type CommandSource, untrusted } from '../projects/commands.ts'
import { Serial } from '../serial.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { ServiceTable } from '../store/schema-work.ts'
import { explainFailure } from './explain-failure.ts'
import { askHealth } from './health.ts'
import { recordServices } from './known.ts'
import { Memory } from './memory.ts'
import { runService, STOP_GRACE_MS, serviceProcessId } from './run.ts'
import { isAlive, serviceKey, viewServices } from './view.ts'
import { watchHealth } from './watch.ts'

const RETRY_MS = 2000

type State = Pick<ServiceTable, 'state' | 'because'> & Partial<ServiceTable>

/**
 * Keeps the services of workspaces. Whether one shall run is written down before anything is done. One that ended, for whatever
 * reason, is told, and started again only by a person: a machine that came up again starts nothing behind anybody's back.
 */
export class Services {
  readonly #context: EngineContext
  readonly #source: CommandSource
  readonly #memory: Memory
  readonly #serials = new Map<string, Serial>()
  readonly #driven = new Map<string, Promise<void>>()

  constructor(context: EngineContext, source: CommandSource) {
    this.#context = context
    this.#source = source
    this.#memory = new Memory(context, (workspaceId, name) => this.#tell(workspaceId, name))
  }

  async resume(): Promise<void> {
    const alive = await this.#context.db
      .selectFrom('services')
      .select(['workspace_id', 'name'])
      .where('state', 'in', ['starting', 'running', 'unhealthy'])
      .execute()
    for (const { workspace_id, name } of alive) void this.#drive(workspace_id, name)
    this.#memory.start()
  }

  list(workspaceId?: string): Promise<Service[]> {
    return viewServices(this.#context, this.#memory.rss, { workspaceId })
  }

  start(workspace: WorkspaceTable, name: string): Promise<Service> {
    return this.#serial(workspace.id, name).run(() => this.#start(workspace, name))
  }

  stop(workspace: WorkspaceTable, name: string): Promise<Service> {
    return this.#serial(workspace.id, name).run(() => this.#stop(workspace, name))
  }

  restart(workspace: WorkspaceTable, name: string): Promise<Service> {
    return this.#serial(workspace.id, name).run(async () => {
      await this.#stop(workspace, name)
      return this.#start(workspace, name)
    })
  }

  /** Starts what wants to be started with its workspace, once in its life. */
  async autostart(workspace: WorkspaceTable): Promise<void> {
    const due = await this.#context.db
      .selectFrom('services')
      .select('name')
      .where('workspace_id', '=', workspace.id)
      .where('position', 'is not', null)
      .where('autostart', '=', 1)
      .where('wanted', 'is', null)
      .execute()
    for (const { name } of due) {
      await this.start(workspace, name).catch((error: unknown) => {
        this.#context.log('warn', 'a service was not started with its workspace', { name, error: String(error) })
      })
    }
  }

  /** What the service printed since its last start, and what it prints after each further one. */
  async *log(workspace: WorkspaceTable, name: string, signal: AbortSignal): AsyncGenerator<LogPart> {
    const stop = new AbortController()
    const watch = this.#context.changes.open(AbortSignal.any([signal, stop.signal]))
    const id = serviceProcessId(workspace.id, name)
    try {
      let told = 0
      while (!signal.aborted) {
        const { epoch } = await this.#row(workspace.id, name)
        if (epoch > told) {
          const start = { machineId: workspace.machine_id, id, epoch }
          for await (const part of outputOf(this.#context, start, signal)) yield { ...part, epoch }
          if (signal.aborted) return
          const runner = await this.#context.machines.runnerEventually(workspace.machine_id, signal)
          const status = await runner.call('process.status', { id })
          // Otherwise it is recorded and not started yet.
          if (status && status.epoch >= epoch) told = epoch
        }
        if ((await this.#row(workspace.id, name)).epoch > told && told >= epoch) continue
        if (!(await watch.take())) return
      }
    } finally {
      stop.abort()
      this.#context.changes.close(watch)
    }
  }

  /** Ends all that runs, for a workspace that goes away. */
  async end(workspace: WorkspaceTable): Promise<void> {
    const rows = await this.#context.db
      .selectFrom('services')
      .select('name')
      .where('workspace_id', '=', workspace.id)
      .where('epoch', '>', 0)
      .execute()
    await Promise.all(rows.map(({ name }) => this.stop(workspace, name)))
    const runner = await this.#context.machines.runner(workspace.machine_id)
    for (const { name } of rows) await runner.call('process.forget', { id: serviceProcessId(workspace.id, name) })
  }

  async close(): Promise<void> {
    this.#memory[Symbol.dispose]()
    await Promise.allSettled(this.#driven.values())
  }

  async #start(workspace: WorkspaceTable, name: string): Promise<Service> {
    const commands = await this.#source.of(workspace)
    await recordServices(this.#context, workspace.id, commands.services)
    const service = commands.services.find((one) => one.name === name)
    const row = await this.#row(workspace.id, name).catch(() => undefined)
    if (row && isAlive(row)) return this.#view(workspace.id, name)
    if (!service || !row) {
      const known = commands.services.map((one) => one.name)
      throw new SkeinError('not_found', `${workspace.name} has no service "${name}"`, {
        next: known.length === 0 ? 'Name some in skein.json: docs/services.md.' : `It has: ${known.join(', ')}.`,
      })
    }
    if (!commands.trusted) throw untrusted(`the service "${name}" of ${workspace.name}`, workspace, commands)
    await this.#expectFreePort(workspace, row)
    await this.#set(workspace.id, name, {
      wanted: 1,
      epoch: row.epoch + 1,
      state: 'starting',
      because: 'it is being started',
      pid: null,
      started_at: this.#context.clock.now(),
      ended_at: null,
      exit_code: null,
    })
    void this.#drive(workspace.id, name)
    return this.#view(workspace.id, name)
  }

  async #stop(workspace: WorkspaceTable, name: string): Promise<Service> {
    const row = await this.#row(workspace.id, name)
    await this.#context.db
      .updateTable('services')
      .set({ wanted: 0 })
      .where('workspace_id', '=', workspace.id)
      .where('name', '=', name)
      .execute()
    if (isAlive(row)) {
      const runner = await this.#context.machines.runner(workspace.machine_id)
      await runner.call('process.stop', { id: serviceProcessId(workspace.id, name), graceMs: STOP_GRACE_MS })
      await this.#drive(workspace.id, name)
    }
    return this.#view(workspace.id, name)
  }

  /** What listens there already would be taken for the service. */
  async #expectFreePort(workspace: WorkspaceTable, { name, port }: ServiceTable): Promise<void> {
    if (port === null) return
    if (workspace.port === null)
      throw new SkeinError('conflict', `the service "${name}": ${workspace.name} has no ports of its own any more`, {
        next: 'Another workspace has them since this one was removed. Make a new workspace, or remove the other.',
      })
    const number = workspace.port + port
    if ((await askHealth(this.#context, workspace.machine_id, number, null)) === null)
      throw new SkeinError(
        'conflict',
        `the service "${name}": something else listens on its port ${number} already${await this.#byWhom(workspace, number)}`,
        { next: 'See what it is among the ports of the workspace, and end it.' },
      )
  }

  async #byWhom({ machine_id }: WorkspaceTable, port: number): Promise<string> {
    const owner = await ownerOfPort(this.#context, machine_id, port).catch(() => undefined)
    return owner === undefined ? '' : `: ${owner.name}`
  }

  /** Goes with a service from its start to its end. */
  #drive(workspaceId: string, name: string): Promise<void> {
    const key = serviceKey(workspaceId, name)
    const driven = this.#driven.get(key)
    if (driven) return driven
    const work = this.#toItsEnd(workspaceId, name).finally(() => this.#driven.delete(key))
    this.#driven.set(key, work)
    return work
  }

  async #toItsEnd(workspaceId: string, name: string): Promise<void> {
    const context = this.#context
    const over = new AbortController()
    try {
      const row = await this.#row(workspaceId, name)
      if (!isAlive(row)) return
      const workspace = await context.db
        .selectFrom('workspaces')
        .selectAll()
        .where('id', '=', workspaceId)
        .executeTakeFirstOrThrow()
      const exit = await runService(context, this.#source, row, workspace, async (pid) => {
        await this.#set(workspaceId, name, { state: row.state, because: row.because, pid })
        const signal = AbortSignal.any([over.signal, context.signal])
        void watchHealth(context, row, workspace, signal, async (state, because) => {
          if (!signal.aborted) await this.#set(workspaceId, name, { state, because })
        })
      })
      over.abort()
      const { wanted } = await this.#row(workspaceId, name)
      const ending = endingOf(exit, wanted === 0)
      if (ending.state === 'failed' && exit.reason === 'exited')
        ending.because = await explainFailure(context, workspace, row, ending.because)
      await this.#set(workspaceId, name, {
        ...ending,
        pid: null,
        ended_at: exit.at,
        exit_code: exit.code,
      })
    } catch (error) {
      if (context.signal.aborted) return
      context.log('warn', 'a service could not be looked after', { workspaceId, name, error: String(error) })
      context.clock.after(RETRY_MS, () => void this.#drive(workspaceId, name))
    } finally {
      over.abort()
    }
  }

  async #row(workspaceId: string, name: string): Promise<ServiceTable> {
    const row = await this.#context.db
      .selectFrom('services')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('name', '=', name)
      .executeTakeFirst()
    if (!row) throw new SkeinError('not_found', `there is no service "${name}" in this workspace`)
    return row
  }

  async #set(workspaceId: string, name: string, state: State): Promise<void> {
    await this.#context.db
      .updateTable('services')
      .set({ ...state, because: this.#context.redactor.redactText(state.because) })
      .where('workspace_id', '=', workspaceId)
      .where('name', '=', name)
      .execute()
    await this.#tell(workspaceId, name)
  }

  async #view(workspaceId: string, name: string): Promise<Service> {
    const [service] = await viewServices(this.#context, this.#memory.rss, { workspaceId, name })
    if (!service) throw new SkeinError('not_found', `there is no service "${name}" in this workspace any more`)
    return service
  }

  async #tell(workspaceId: string, name: string): Promise<void> {
    const [service] = await viewServices(this.#context, this.#memory.rss, { workspaceId, name })
    if (service) this.#context.changes.send({ type: 'service', service })
  }

  #serial(workspaceId: string, name: string): Serial {
    const key = serviceKey(workspaceId, name)
    const serial = this.#serials.get(key) ?? new Serial()
    this.#serials.set(key, serial)
    return serial
  }
}

function endingOf(exit: ProcessExit, asked: boolean): State {
  if (asked || exit.reason === 'stopped') return { state: 'stopped', because: 'it was stopped' }
  if (exit.reason === 'exited' && exit.code === 0) return { state: 'exited', because: 'it ended by itself' }
  if (exit.reason === 'exited')
    return {
      state: 'failed',
      because: exit.signal === undefined ? `it ended with exit code ${exit.code}` : `it was ended by ${exit.signal}`,
    }
  return { state: 'failed', because: exit.message ?? 'nobody knows how it ended' }
}
